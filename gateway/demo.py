"""``shortcode demo``: the banner, and the simulator's handsets as a process of their own."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from urllib.parse import quote

from gateway import banner
from gateway.config import Config, Side
from gateway.ports import Ports
from gateway.seed import DEMO_SUBSCRIBERS, DemoVoucher, demo_vouchers, voucher_commands
from handlers.base.command import Command
from handlers.base.phone_bank import INITIAL_PASSWORD
from handlers.base.profile import Profile
from rating.money import format_tenge
from rating.msisdn import Msisdn
from storage.model import VoucherState
from storage.reads import Reads
from storage.store import Store
from storage.unit_of_work import UnitOfWork
from storage.views import CardFilter

_STOP_S = 2.0
#: Three are switched on; the fourth is there to see a message wait.
DEMO_HANDSETS = tuple(msisdn for msisdn, *_ in DEMO_SUBSCRIBERS[:3])


class Demo:
    """Begins once the gateway listens, ends before it stops."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._phones: subprocess.Popen[bytes] | None = None

    def begin(self, ports: Ports, store: Store, vouchers: Sequence[DemoVoucher]) -> None:
        """Print the banner and switch the handsets on."""
        host = self._config.smpp_host
        smpp, http = _at(host, ports.smpp), _at(self._config.http_host, ports.http)
        shown = banner.Demo(
            smpp=smpp,
            http=http,
            data_dir=str(self._config.data_dir),
            accounts=self._config.accounts,
            handsets=_handsets(store.reads),
            vouchers=[
                banner.DemoVoucher(code=each.code.reveal(), face_value=format_tenge(each.face_value_tiyn))
                for each in vouchers
            ],
            command=_command(),
        )
        sys.stdout.write(banner.banner(shown))
        sys.stdout.flush()
        self._switch_on(smpp)

    def end(self) -> None:
        """Ask the handsets to switch off; they unbind by themselves."""
        if self._phones is not None:
            self._phones.terminate()

    def wait(self) -> None:
        """Wait until they have. Blocks: not for the reactor's thread."""
        if self._phones is None:
            return
        try:
            self._phones.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._phones.kill()

    def _switch_on(self, smpp: str) -> None:
        """The password goes by the environment: a command line can be seen by others."""
        handsets = (each for each in self._config.accounts if each.side is Side.HANDSET and each.password)
        account = next(handsets, None)
        if account is None:
            return
        password = quote(account.password.reveal(), safe="")
        target = f"smpp://{quote(account.system_id, safe='')}:{password}@{smpp}"
        # Isolated (-I): the folder that the demo was started in must not shadow a package of ours.
        self._phones = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-I", "-m", "simulator", "phones", "--until-eof", *DEMO_HANDSETS],
            env={**os.environ, "SHORTCODE_TARGET": target},
            # Never written to: it ends with this process, however that ends, and the handsets with it.
            stdin=subprocess.PIPE,
            # Ctrl-C goes to the whole group of a terminal; the handsets are stopped by us, in order.
            start_new_session=True,
        )


def unused_vouchers(
    execute: Callable[[Command], object],
    store: Store,
    digest: Callable[[str], bytes],
    profile: Profile,
    now_us: int,
) -> list[DemoVoucher]:
    """The demo's unused vouchers; a new generation is printed when all are used."""
    for generation in count():
        for command in voucher_commands(digest, profile.voucher_face_values_tiyn, generation=generation):
            execute(command)
        printed = demo_vouchers(digest, profile.voucher_face_values_tiyn, generation=generation)
        with store.begin(now_us=now_us, wall_us=0) as uow:
            unused = [each for each in printed if _is_unused(uow, digest(each.code.reveal()))]
        if unused:
            return unused
    raise AssertionError("count() does not end")


def _is_unused(uow: UnitOfWork, digest: bytes) -> bool:
    voucher = uow.vouchers.by_digest(digest)
    return (
        voucher is not None
        and voucher.state is VoucherState.UNUSED
        and uow.now_us < voucher.batch.expires_us
        and not voucher.batch.disabled
    )


def _handsets(reads: Reads) -> list[banner.Handset]:
    views = [reads.subscriber(Msisdn(msisdn)) for msisdn, *_ in DEMO_SUBSCRIBERS]
    return [
        banner.Handset(
            msisdn=view.subscriber.msisdn,
            brand=view.subscriber.brand.value,
            billing=view.subscriber.billing.value,
            language=view.subscriber.language.value,
            balance=format_tenge(view.balances.main_tiyn),
            card=_card(reads, view.subscriber.msisdn),
            bank_phone=_bank_phone(reads, view.subscriber.msisdn),
        )
        for view in views
        if view is not None
    ]


def _card(reads: Reads, msisdn: Msisdn) -> str:
    """The last four digits of the oldest card."""
    return next((each.card.last4 for each in reads.cards(CardFilter(msisdn=msisdn, limit=1))), "")


def _bank_phone(reads: Reads, msisdn: Msisdn) -> str:
    """The oldest identifier, with the password that everybody knows until it is changed."""
    customer = next(iter(reads.phone_customers(msisdn, 1)), None)
    if customer is None:
        return ""
    return (
        f"{customer.identifier}, {INITIAL_PASSWORD.reveal()}" if customer.is_initial else customer.identifier
    )


def _at(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _command() -> str:
    """How the command line is called from here."""
    found = Path(sys.argv[0])
    with suppress(ValueError):
        return str(found.resolve().relative_to(Path.cwd()))
    return found.name
