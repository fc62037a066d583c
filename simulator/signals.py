"""Ending by Ctrl-C or SIGTERM without a gap."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread, main_thread
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_NUDGE_S: Final = 0.05


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM and Ctrl-C raise KeyboardInterrupt in the main thread, once.

    A second one does not disturb the handsets that are unbinding, which takes a bounded time.
    Python runs a handler between two steps of its own. A signal that comes just before the main thread begins
    to wait (for a key, for a lock) would stay unseen until the next one. A thread sees to it that there is a
    next one: it hears of each signal at once, through the wake-up descriptor.
    """
    handled = Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if not handled.is_set():
            handled.set()
            raise KeyboardInterrupt

    ours, heard = socket.socketpair()
    ours.setblocking(False)
    nudger = Thread(target=_nudge, args=(heard, handled), name="signals", daemon=True)
    before = [signal.signal(number, interrupt) for number in _SIGNALS]
    descriptor_before = signal.set_wakeup_fd(ours.fileno(), warn_on_full_buffer=False)
    nudger.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(descriptor_before)
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, handler)
        ours.close()
        handled.set()
        nudger.join()
        heard.close()


def _nudge(heard: socket.socket, handled: Event) -> None:
    main_id = main_thread().ident
    while octet := heard.recv(1):
        while octet[0] in _SIGNALS and main_id is not None and not handled.wait(_NUDGE_S):
            signal.pthread_kill(main_id, octet[0])
