"""A USSD application over SMPP: ``python -m simulator.examples.ussd_app 127.0.0.1 2775 app1 secret1``.

It owns one code, such as ``*500#``, and talks with any number of handsets at once.
"""

import signal
import sys
from typing import Any

# smpplib has no annotations.
from smpplib import client, command, consts, exceptions  # type: ignore[import-untyped]
from smpplib.smpp import make_pdu  # type: ignore[import-untyped]

DIALLED, ASK, LAST, END_BIT = 1, 2, 17, 1
# smpplib's deliver_sm lacks the parameter that comes with every USSD message.
command.DeliverSM.params["ussd_service_op"] = command.Param(type=int, size=1)


def screen(typed: list[str]) -> tuple[int, str]:
    """What to show after these inputs: ussd_service_op and text."""
    match typed:
        case []:
            return ASK, "Tea house\n1 Order tea\n2 Opening hours"
        case ["1"]:
            return ASK, "How many cups?"
        case ["1", cups] if cups.isdecimal():
            return LAST, f"Cups of tea on their way: {cups}"
        case ["2"]:
            return LAST, "Open from 9 to 21, on Sundays too"
    return LAST, "There is no such choice"


def serve(smpp: Any, system_id: str) -> None:
    """Say that it is bound, and answer handsets until SIGTERM, or until the connection ends."""
    dialogues: dict[bytes, list[str]] = {}
    signals: list[int] = []

    def stop(signum: int, _: object) -> None:
        # To raise here would lose what is read of a PDU so far; the response ends the wait for the next one.
        signals.append(signum)
        smpp.send_pdu(make_pdu("enquire_link", client=smpp))

    def refused(pdu: Any) -> None:  # such as an answer that came too late; the other dialogues go on
        print(f"refused: {pdu.status:#010x}", file=sys.stderr)  # noqa: T201 - as below

    def received(pdu: Any) -> None:
        if pdu.its_session_info & END_BIT:  # the handset let go, or was silent for too long
            dialogues.pop(pdu.source_addr, None)
            return
        text = pdu.short_message.decode("latin-1")
        if pdu.ussd_service_op == DIALLED:  # *500#, or *500*1*3# to skip two screens
            dialogues[pdu.source_addr] = text.strip("*#").split("*")[1:]
        else:
            dialogues.setdefault(pdu.source_addr, []).append(text)
        operation, text = screen(dialogues[pdu.source_addr])
        if operation == LAST:
            del dialogues[pdu.source_addr]
        smpp.send_message(
            service_type="USSD",
            source_addr=pdu.destination_addr.decode(),
            destination_addr=pdu.source_addr.decode(),
            short_message=text.encode("ascii"),
            ussd_service_op=operation,
            its_session_info=pdu.its_session_info,
        )

    smpp.set_message_received_handler(received)
    smpp.set_message_sent_handler(lambda **_: None)
    smpp.set_error_pdu_handler(refused)
    signal.signal(signal.SIGTERM, stop)
    print(f"bound as {system_id}", flush=True)  # noqa: T201 - an example talks to whoever starts it
    while not signals:
        smpp.read_once()
    smpp.send_pdu(make_pdu("unbind", client=smpp))
    while smpp.state != consts.SMPP_CLIENT_STATE_OPEN:  # its own unbind takes whatever comes for the response
        smpp.read_pdu()
    smpp.disconnect()


def main(host: str, port: str, system_id: str, password: str) -> None:
    """Bind and serve; SIGTERM unbinds."""
    with client.Client(host, int(port), allow_unknown_opt_params=True) as smpp:
        smpp.connect()
        smpp.bind_transceiver(system_id=system_id, password=password)
        try:
            serve(smpp, system_id)
        except exceptions.ConnectionError:
            sys.exit("the gateway has closed the connection")


if __name__ == "__main__":
    main(*sys.argv[1:])
