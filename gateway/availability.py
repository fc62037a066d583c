"""alert_notification: an application hears that a handset can be reached again (SMPP 3.4 section 4.12).

It asked by ``set_dpf`` on a message (section 5.3.2.29). A handset can be reached when a session binds that
serves its number; the alert goes out once, as soon as both ends are there.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from gateway.binds import Bind, Binds
from gateway.rendering import address
from gateway.smpp.codec import encode
from gateway.smpp.pdus import AlertNotification
from gateway.smpp.tlv import Tag, Tlv
from storage.model import MessageState, PendingFlag

_AVAILABLE = 0


class Flags(Protocol):
    """The store, as far as it is asked here. ``done`` is called in the reactor."""

    def pending_flags(self, done: Callable[[Sequence[tuple[PendingFlag, MessageState]]], None]) -> None:
        """Read all flags, with the state of the message that set each."""

    def alerted(self, flags: Sequence[PendingFlag]) -> None:
        """Write down that these were told."""


class Availability:
    """One per gateway, used in the reactor."""

    def __init__(self, binds: Binds, flags: Flags) -> None:
        self._binds = binds
        self._flags = flags
        self._asked = False
        #: False once the store had no flags, until one is set: ten thousand handsets that bind ask nobody.
        self._some = True
        #: Sessions that have bound before the read that is under way, and since it began.
        self._come: set[str] = set()
        self._new: set[str] = set()
        #: The handset has come, and nobody of the application was there.
        self._due: set[PendingFlag] = set()
        #: Told, and perhaps still in the store: the news is on its way to the writer.
        self._told: set[PendingFlag] = set()

    def flagged(self) -> None:
        """A flag was set."""
        self._some = True

    def bound(self, bind: Bind) -> None:
        """A session may receive: perhaps somebody waits for its numbers, or for its account."""
        if bind.receives and (self._some or self._asked):
            self._new.add(bind.session_id)
            self._ask()

    def _ask(self) -> None:
        """One read at a time; who comes meanwhile is for the next."""
        if self._asked:
            return
        self._come, self._new = self._new, set()
        if self._come and self._some:
            self._asked, self._some = True, False
            self._flags.pending_flags(self._look)

    def _look(self, found: Sequence[tuple[PendingFlag, MessageState]]) -> None:
        self._asked = False
        self._some = self._some or bool(found)
        flags = [flag for flag, _ in found]
        self._due = {flag for flag in flags if flag in self._due or self._has_come(flag)}
        self._told.intersection_update(flags)
        told = [flag for flag, state in found if state is MessageState.DELIVERED or self._tell_once(flag)]
        if told:
            self._told.update(told)
            self._flags.alerted(told)
        self._ask()

    def _has_come(self, flag: PendingFlag) -> bool:
        """A handset that was there when the flag was set has to come anew."""
        handset = self._binds.for_msisdn(flag.msisdn)
        return handset is not None and handset.session_id in self._come

    def _tell_once(self, flag: PendingFlag) -> bool:
        return flag in self._told or (flag in self._due and self._tell(flag))

    def _tell(self, flag: PendingFlag) -> bool:
        if self._binds.for_msisdn(flag.msisdn) is None:
            return False
        alert = encode(
            AlertNotification(
                source=address(flag.msisdn),
                esme=address(flag.esme),
                tlvs=(Tlv(Tag.MS_AVAILABILITY_STATUS, _AVAILABLE),),
            )
        )
        return any(each.link.deliver(alert, None) for each in self._binds.for_account(flag.system_id))
