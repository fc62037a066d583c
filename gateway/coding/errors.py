"""What can be wrong with an encoded message. The caller maps the type to a command_status."""


class CodingError(ValueError):
    """The octets (or the text) break the rules of their coding. The message never quotes the content."""


class UnknownDataCodingError(CodingError):
    """The data_coding octet names an alphabet that this operator does not read."""


class TooLongError(CodingError):
    """The text needs more than the 255 segments that a concatenated message can have."""
