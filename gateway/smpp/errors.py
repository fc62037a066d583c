"""What can be wrong with octets, and with the use of a session. No text here carries a field's value."""

from gateway.smpp.constants import command_name, status_name


class SmppError(Exception):
    """The base of everything that gateway.smpp raises."""


class FieldError(SmppError):
    """A field or TLV cannot be read; the codec turns it into a RecoverableError with the PDU's header."""

    def __init__(self, status: int) -> None:
        super().__init__(status_name(status))
        self.status = status


class RecoverableError(SmppError):
    """The frame is whole but its content is not acceptable: answer with ``status``, keep the session.

    ``command_id`` is the number from the header, which may be no CommandId.
    """

    def __init__(self, status: int, sequence_number: int, command_id: int) -> None:
        super().__init__(f"{status_name(status)} in {command_name(command_id)} {sequence_number}")
        self.status = status
        self.sequence_number = sequence_number
        self.command_id = command_id


class UnrecoverableError(SmppError):
    """The boundaries of the PDUs are lost: generic_nack with ``status``, then close."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status_name(status)}: PDU boundaries are lost")
        self.status = status


class EncodeError(SmppError):
    """A value of ours does not fit its field. Names the field, never its content."""


class SessionError(SmppError):
    """The session's own side asked for what its state does not allow: a bug of the caller."""
