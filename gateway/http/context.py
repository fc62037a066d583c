"""What every router gets: the operator behind the API and the API's own settings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from gateway.http.facade import NoRadio, NoVoice, Operator, Radio, Submitted, VoiceExchange
from gateway.http.problems import Problem, refused
from gateway.http.schemas import show_moment
from gateway.metrics import Metrics
from handlers.base.command import Channel, Command, Origin, Secret
from handlers.base.outcome import Outcome, Text
from rating.msisdn import InvalidMsisdn, Msisdn, parse_msisdn
from rating.subscriber import Language

#: Who acts, in the ledger, when the operator's own people or programs do.
ACTOR = "api"


def say_id(text: Text) -> str:
    """The text's id: enough where no catalog is at hand."""
    return text.id


def speak_id(text: Text, _language: Language) -> str:
    """The same where a language is asked for."""
    return text.id


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """``token`` None means an open API, which ``gateway.settings`` allows on loopback only.

    ``hosts`` are further names by which this host may be called; ``say`` puts a text into words (English);
    ``speak`` does so in a language; ``radio`` sends what handsets send; ``voice`` is where they are called.
    """

    token: Secret | None = None
    hosts: frozenset[str] = frozenset()
    metrics: Metrics = field(default_factory=Metrics)
    say: Callable[[Text], str] = say_id
    speak: Callable[[Text, Language], str] = speak_id
    version: str = "0"
    radio: Radio = field(default_factory=NoRadio)
    voice: VoiceExchange = field(default_factory=NoVoice)


@dataclass(frozen=True, slots=True)
class Api:
    """The operator, and shorthands for what all routers do with it."""

    operator: Operator
    settings: ApiSettings

    def origin(self, msisdn: Msisdn | None = None) -> Origin:
        """A request's origin, under a fresh id: the ledger's source."""
        subscriber = Msisdn("") if msisdn is None else msisdn
        source = self.operator.new_id()
        return Origin(msisdn=subscriber, channel=Channel.API, service_code="", source_id=source, actor=ACTOR)

    async def done(
        self, command: Command, *, key: tuple[str, str] | None = None, body: bytes = b""
    ) -> Submitted:
        """Submit the command. Raises Problem when it is refused."""
        submitted = await self.operator.submit(command, key=key, body=body)
        self.check(submitted.outcome)
        return submitted

    def check(self, outcome: Outcome) -> None:
        """Raise Problem for a refusal."""
        if outcome.refusal is not None:
            raise refused(outcome.refusal, self.settings.say)

    def show(self, moment_us: int) -> str:
        """A moment in the operator's timezone."""
        return show_moment(moment_us, self.operator.timezone)


# No dependency is a plain function: FastAPI would hand each to a thread, for every request, and that looks at
# all tasks of the loop first, of which every voice connection has some.
async def api_of(connection: HTTPConnection) -> Api:
    """The API that a request or a WebSocket is for."""
    api: Api = connection.app.state.api
    return api


async def _path_msisdn(msisdn: str) -> Msisdn:
    try:
        return parse_msisdn(msisdn)
    except InvalidMsisdn as error:
        wrong = {"in": "path", "field": "msisdn", "detail": str(error)}
        raise Problem(422, "1 field is wrong", code="validation", errors=[wrong]) from None


UseApi = Annotated[Api, Depends(api_of)]
PathMsisdn = Annotated[Msisdn, Depends(_path_msisdn)]
