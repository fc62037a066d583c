"""Parking as a test plays it: transcripts with 7757 and 7701, the portal, the cameras, what the API shows."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from tests.e2e.control_api import ControlApi
from tests.e2e.gateway_process import GatewayProcess, run_command
from tests.e2e.phone import Phone

EN, KK, RU, KCELL = "77781234567", "77021234567", "77780000007", "77011234567"
MORNING = "2031-05-17T09:30:00+05:00"
PLATE, OTHER_PLATE = "123AAA02", "A111AAA"
START = f"1001*{PLATE}*1"
#: services.md section 8: confirmed within 10 minutes, reminded 10 minutes before the end.
CONFIRM_S = REMINDER_S = 600
HOUR_S = 3_600
LAPSED, REMINDER, ENDED, ANSWER = (f"parking.{name}" for name in ("lapsed", "reminder", "ended", "answer"))
#: The demo's subscribers begin with this much.
MAIN = Decimal(500)


class Purse(NamedTuple):
    """Tenge: the main balance, what of it is held, the parking account with what is held there."""

    main: Decimal
    held: Decimal
    parking: Decimal


def purse(main: int | str, held: int | str = 0, parking: int | str = 0) -> Purse:
    """In short."""
    return Purse(Decimal(main), Decimal(held), Decimal(parking))


class ParkingLot:
    """Everything about parking in one gateway, on a virtual clock."""

    def __init__(self, api: ControlApi) -> None:
        """As it is, as after a restart."""
        self.api = api

    @classmethod
    def opened(cls, api: ControlApi) -> "ParkingLot":
        """Time stands still, and there is a Russian subscriber who may park: the demo has none."""
        api.virtual_clock(MORNING)
        api.add_subscriber(RU, language="ru", balance="500.00")
        return cls(api)

    # -- transcripts -------------------------------------------------------------------------------

    def play(self, handset: Phone, transcript: str) -> None:
        """Step by step: ``> CODE TEXT`` is sent, ``< CODE TEXT`` comes (``|`` breaks a line of it),
        ``+ SECONDS`` pass, ``= MAIN HELD PARKING`` is in the purse. A line without a sign goes on with the
        one before. Raises AssertionError at the first step that goes another way.
        """
        for step in _steps(transcript):
            self._plays[step[0]](self, handset, step[2:])

    def _sent(self, handset: Phone, rest: str) -> None:
        code, _, text = rest.partition(" ")
        handset.handset.send_sms(code, text)

    def _came(self, handset: Phone, rest: str) -> None:
        said = handset.incoming()
        assert f"{said.source} {said.text}" == rest.replace("|", "\n")

    def _passed(self, handset: Phone, rest: str) -> None:
        del handset
        self.api.advance(int(rest))

    def _counted(self, handset: Phone, rest: str) -> None:
        assert self.purse(handset.handset.msisdn) == purse(*rest.split()), rest

    _plays: ClassVar[Mapping[str, Callable[["ParkingLot", Phone, str], None]]] = {
        ">": _sent,
        "<": _came,
        "+": _passed,
        "=": _counted,
    }

    def park(self, handset: Phone, text: str = START) -> str:
        """Asked for and confirmed; the ticket."""
        asked = handset.sms("7757", text)
        assert asked.source == "7701", asked
        ticket = handset.sms("7701", "1")
        assert ticket.source == "7757", ticket
        return ticket.text

    def text(self, code: str, text: str, msisdn: str = EN) -> None:
        """Sent from a handset that is off: what is answered waits."""
        self.api.post("/mo", {"from": msisdn, "to": code, "text": text})

    # -- what there is -----------------------------------------------------------------------------

    def purse(self, msisdn: str = EN) -> Purse:
        """The subscriber's money."""
        shown = self.api.get(f"/subscribers/{msisdn}")["balances"]
        return Purse(*(Decimal(shown[name]) for name in ("main", "held", "parking")))

    def sessions(self, **query: Any) -> list[dict[str, Any]]:
        """Newest first."""
        found: list[dict[str, Any]] = self.api.get("/parking/sessions", **query)
        return found

    def states(self, **query: Any) -> list[str]:
        """Of the sessions, oldest first."""
        return [each["state"] for each in reversed(self.sessions(**query))]

    def told(self, msisdn: str = EN, from_: str = "7757") -> list[str]:
        """What was written to the subscriber, oldest first, read or not."""
        found = self.api.messages(to=msisdn, from_=from_, limit=1000)
        return [each["text"] for each in reversed(found)]

    def moves(self, msisdn: str = EN) -> list[str]:
        """The subscriber's money movements, newest first: ``parking.pay main:7778... -100.00``."""
        history = self.api.get(f"/subscribers/{msisdn}/history", limit=1000)
        return [" ".join(each[key] for key in ("reason", "account", "amount")) for each in history]

    def revenue(self) -> Decimal:
        """What parking has earned by now, VAT included."""
        shown = self.api.get("/parking/revenue", day=self.api.get("/clock")["now"][:10])
        return Decimal(shown["charge"])

    # -- the portal and the cameras ----------------------------------------------------------------

    def register(self, msisdn: str = EN, **body: Any) -> dict[str, Any]:
        """On the parking portal."""
        answer = self.api.http.put(f"/parking/drivers/{msisdn}", json=body).raise_for_status()
        registered: dict[str, Any] = answer.json()
        return registered

    def camera(self, plate: str = PLATE, area: str = "1001") -> dict[str, Any]:
        """A camera sees a car."""
        told: dict[str, Any] = self.api.post("/parking/camera", {"area": area, "plate": plate})
        return told

    def fines(self, **query: Any) -> list[dict[str, Any]]:
        """Newest first."""
        found: list[dict[str, Any]] = self.api.get("/parking/fines", **query)
        return found

    def mail(self, **query: Any) -> list[dict[str, Any]]:
        """The outbox mail, newest first."""
        found: list[dict[str, Any]] = self.api.get("/mail", **query)
        return found


def _steps(transcript: str) -> list[str]:
    steps: list[str] = []
    for line in filter(None, map(str.strip, transcript.splitlines())):
        if line[:2] in ("> ", "< ", "+ ", "= "):
            steps.append(line)
        else:
            steps[-1] += f" {line}"
    return steps


def kinds(fired: Iterable[dict[str, Any]]) -> Counter[str]:
    """How often which job of parking fired."""
    return Counter(each["kind"] for each in fired if each["kind"].startswith("parking."))


def assert_checked(gateway: GatewayProcess) -> None:
    """``shortcode db check`` on the stopped gateway: every line ok, exit code 0."""
    done = run_command("db", "check", "--data-dir", str(gateway.data_dir))
    assert done.returncode == 0, done.stdout
    assert {line.split()[1] for line in done.stdout.splitlines()} == {"ok"}
