"""An operator with customers that each have ways of their own, as the configuration file of a gateway."""

from collections.abc import Mapping

#: The password of every application.
PASSWORD = "secret1"
#: Short code and ways of each application's account, by system_id.
APPLICATIONS: Mapping[str, tuple[str, Mapping[str, str | int]]] = {
    "app1": ("1234", {}),
    "rival": ("4321", {}),
    "data": ("5001", {"deliver_with": "data_sm"}),
    "whole": ("5002", {"long_messages": "payload"}),
    "packed": ("5003", {"septets": "packed"}),
    "latin": ("5004", {"default_alphabet": "latin1"}),
    "decimal": ("5005", {"receipt_format": "decimal"}),
    "mixed": ("5006", {"receipt_format": "hex-decimal"}),
    "short": ("5007", {"receipt_format": "decimal-hex-64"}),
    "late": ("5008", {"receipt_delay_s": 60}),
    "reversed": ("5009", {"receipt_delay_s": 60, "receipt_order": "reversed"}),
    "slow": ("5010", {"messages_per_s": 5}),
}
#: Who is on the distribution list "family"; the demo's subscribers.
FAMILY = ("77781234567", "77011234567", "77751234567")
FAMILY_LIST = "family"
#: Numbers and texts for sm_default_msg_id.
DEFAULT_MESSAGES = {1: "Your parcel is here.", 2: "Ваша посылка здесь."}

_HANDSETS = """
[[accounts]]
system_id = "handset"
password = "handset"
side = "handset"
binds_max = 10000
"""


def operator_toml() -> str:
    """The whole file."""
    members = ", ".join(f'"{msisdn}"' for msisdn in FAMILY)
    lines = [
        _HANDSETS,
        *(_account(name, code, ways) for name, (code, ways) in APPLICATIONS.items()),
        f'[[distribution_lists]]\nname = "{FAMILY_LIST}"\nmembers = [{members}]\n',
        "[default_messages]",
        *(f'{number} = "{text}"' for number, text in DEFAULT_MESSAGES.items()),
    ]
    return "\n".join(lines) + "\n"


def _account(system_id: str, short_code: str, ways: Mapping[str, str | int]) -> str:
    rows = {"system_id": system_id, "password": PASSWORD, "side": "application", **ways}
    names = '\nsender_ids = ["MyBank"]' if system_id == "app1" else ""
    # Python writes texts and numbers as TOML does.
    body = "\n".join(f"{key} = {value!r}" for key, value in rows.items())
    return f'[[accounts]]\n{body}\nshort_codes = ["{short_code}"]{names}\n'
