"""Telling senders that a message has come, and that it was read."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from simulator.assembly import Whole
from simulator.delivery import AckWanted, Delivery, MessageType
from simulator.errors import NotConnected

if TYPE_CHECKING:
    from concurrent.futures import Future

_UNREAD_MAX: Final = 1000
_TEXTS: Final = {MessageType.DELIVERY_ACK: b"delivered", MessageType.USER_ACK: b"read"}
#: Sends a submit_sm with these fields; does not wait for the response. Raises NotConnected.
Post = Callable[[dict[str, Any]], "Future[str]"]


class Acknowledger:
    """Sends acknowledgements where they are wanted (SMPP 3.4 sections 5.2.12 and 5.2.17). Thread-safe."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._lock = Lock()
        self._unread: deque[Delivery] = deque(maxlen=_UNREAD_MAX)

    def shown(self, whole: Whole) -> bool:
        """A message is on the screen: a sender that wants to know of the delivery hears so at once.

        Nobody waits for the answer. True when the sender wants to know of the reading too.
        """
        for delivery in _asking(whole, AckWanted.DELIVERY):
            with suppress(NotConnected):
                self._post(acknowledgement(delivery, MessageType.DELIVERY_ACK))
        unread = _asking(whole, AckWanted.USER)
        with self._lock:
            self._unread.extend(unread)
        return bool(unread)

    def read(self) -> "list[Future[str]]":
        """Everything on the screen is read. The responses to come, one for each acknowledgement.

        Raises NotConnected; what could not be sent stays unread.
        """
        responses = []
        with self._lock:
            while self._unread:
                responses.append(self._post(acknowledgement(self._unread[0], MessageType.USER_ACK)))
                self._unread.popleft()
        return responses


def _asking(whole: Whole, wanted: AckWanted) -> list[Delivery]:
    """Segments of one name are one message to their sender; who named each, hears of each."""
    named = {
        (each.receipted_message_id, each.user_message_reference): each
        for each in whole.deliveries
        if each.wants(wanted)
    }
    return list(named.values())


def acknowledgement(delivery: Delivery, kind: MessageType) -> dict[str, Any]:
    """The fields of the submit_sm that acknowledges a delivery, without the source.

    It names the message as the delivery did: by receipted_message_id (SMPP 3.4 section 5.3.2.12), by
    user_message_reference (section 5.3.2.17), or by both.
    """
    return {
        "dest_addr_ton": delivery.source_ton,
        "dest_addr_npi": delivery.source_npi,
        "destination_addr": delivery.source,
        "esm_class": int(kind),
        "short_message": _TEXTS[kind],
        "user_message_reference": delivery.user_message_reference,
        "receipted_message_id": _c_octets(delivery.receipted_message_id),
    }


def _c_octets(text: str) -> bytes | None:
    """The octets as they came, with their terminator; None for none."""
    return text.encode("latin-1") + b"\0" if text else None
