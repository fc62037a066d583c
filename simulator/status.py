"""command_status numbers and their names (SMPP 3.4 section 5.1.3), from smpplib's table."""

from typing import Final

from smpplib import consts  # type: ignore[import-untyped]  # smpplib has no annotations

ESME_ROK: Final = 0x00000000
ESME_RINVCMDID: Final = 0x00000003
ESME_RX_T_APPN: Final = 0x00000064
ESME_RX_P_APPN: Final = 0x00000065
ESME_RX_R_APPN: Final = 0x00000066
ESME_RINVOPTPARSTREAM: Final = 0x000000C0
ESME_RINVOPTPARAMVAL: Final = 0x000000C4

_PREFIX: Final = "SMPP_"
_NAMES: Final[dict[int, str]] = {
    value: name.removeprefix(_PREFIX)
    for name, value in vars(consts).items()
    if name.startswith("SMPP_ESME_R")
}


def status_name(status: int) -> str:
    """``ESME_RINVDSTADR`` for 11; a number that the specification does not name is shown in hexadecimal."""
    return _NAMES.get(status, f"0x{status:08X}")


def status_meaning(status: int) -> str:
    """The specification's short description, in words."""
    return str(consts.DESCRIPTIONS.get(status, "no description"))
