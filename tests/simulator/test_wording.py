"""Events in words."""

from simulator.events import IncomingSms, MarkChanged
from simulator.mark import Mark
from simulator.wording import headline, mark_line


def test_the_headline_names_the_sender_the_port_and_flash() -> None:
    assert headline(IncomingSms("9393", "")) == "SMS from 9393"
    assert headline(IncomingSms("MyBank", "", flash=True, port=16)) == "flash SMS from MyBank to port 16"


def test_a_mark_names_its_message() -> None:
    assert mark_line(MarkChanged(2, "9393", Mark.WAITING)) == "message 2 to 9393: waiting"
    assert mark_line(MarkChanged(None, "9393", Mark.FAILED)) == "an earlier message to 9393: failed"
