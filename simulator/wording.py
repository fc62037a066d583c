"""Events in words: what both the line mode and the list of handsets print."""

from simulator.events import IncomingSms, MarkChanged


def headline(sms: IncomingSms) -> str:
    """``SMS from 9393``, ``flash SMS from MyBank``, ``SMS from 1234 to port 2948``."""
    port = "" if sms.port is None else f" to port {sms.port}"
    return f"{'flash ' if sms.flash else ''}SMS from {sms.source}{port}"


def mark_line(changed: MarkChanged) -> str:
    """``message 1 to 9393: delivered``; an earlier one is one that the handset does not remember."""
    which = "an earlier message" if changed.number is None else f"message {changed.number}"
    return f"{which} to {changed.to}: {changed.mark.name.lower()}"
