"""Kannel (Debian): its bearerbox is the SMPP client that most operators' partners run."""

from collections.abc import Iterator

import pytest

from tests.e2e.control_api import ControlApi
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.waiting import until
from tests.peers import needs
from tests.peers.behaviour import EN, ApplicationBehaviour
from tests.peers.kannel import Kannel


class KannelApplication(Kannel):
    """As the others, but for the message ids: Kannel keeps them to itself, the gateway is asked."""

    api: ControlApi

    def submit(self, to: str, text: str, *, receipt: bool = False) -> list[str]:
        """As Kannel, then waits for the gateway to have it when the caller wants to know its id."""
        super().submit(to, text, receipt=receipt)
        return [self.api.message(to=to, from_="1234")["id"]] if receipt else []


@pytest.fixture(scope="module")
def boxes(
    shared_gateway: GatewayProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KannelApplication]:
    """Both boxes; they start slowly, so all tests of this file share them."""
    bearerbox, smsbox = needs.program("bearerbox", "kannel"), needs.program("smsbox", "kannel")
    boxes = KannelApplication(tmp_path_factory.mktemp("kannel"), shared_gateway.smpp_port, bearerbox, smsbox)
    yield boxes
    boxes.close()


@pytest.fixture
def application(boxes: KannelApplication, gateway: GatewayProcess) -> KannelApplication:
    """Bound as a transceiver, to a gateway in its seeded state."""
    boxes.api = gateway.api
    return boxes


class TestKannel(ApplicationBehaviour):
    """Everything that every client gets."""


def test_an_off_net_message_is_receipted(application: KannelApplication) -> None:
    """The interconnect delivers at once: the receipt must find Kannel's record of the response."""
    (message_id,) = application.submit("77051234567", "hello", receipt=True)
    assert application.receipt().message_id == message_id


def test_its_links_are_kept_alive(application: KannelApplication, gateway: GatewayProcess) -> None:
    """Its enquire_link every five seconds is answered, so it never binds again."""
    application.submit(EN, "hello")
    until(lambda: "enquire_link_resp" in application.log, "Kannel has got an answer")
    assert len(gateway.log_lines("bound")) >= 1
    assert "ERROR" not in application.log
