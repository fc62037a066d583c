"""Ending by signals."""

import os
import signal
import threading

import pytest

from simulator.signals import interruptible


def wait_for(sender: threading.Thread) -> None:
    with interruptible():
        sender.start()
        threading.Event().wait()


def end_twice(cleaned: list[str]) -> None:
    with interruptible():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
            cleaned.append("up")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_wait_in_the_main_thread(number: signal.Signals) -> None:
    sender = threading.Thread(target=os.kill, args=(os.getpid(), number))
    with pytest.raises(KeyboardInterrupt):
        wait_for(sender)
    sender.join()


def test_a_second_signal_does_not_disturb_the_cleaning_up() -> None:
    cleaned: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        end_twice(cleaned)
    assert cleaned == ["up"]


def test_afterwards_everything_is_as_before() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with interruptible():
        assert signal.getsignal(signal.SIGTERM) not in before
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    assert signal.set_wakeup_fd(-1) == -1
    assert not any(thread.name == "signals" for thread in threading.enumerate())
