"""Reserved values, and the values of fields that are made of bits or codes."""

from tests.docs.conformance.row import Row, done, passed, refused

RULES: tuple[Row, ...] = (
    done("rule.source_ton", "0 to 6"),
    done("rule.source_npi", "0, 1, 3, 4, 6, 8, 9, 10, 14, 18"),
    done("rule.destination_ton", "0 to 6"),
    done("rule.destination_npi", "0, 1, 3, 4, 6, 8, 9, 10, 14, 18"),
    done("rule.esm_class", "of the types: none, and the two acknowledgements"),
    done("rule.priority_flag", "0 to 3"),
    done("rule.registered_delivery", "bits 0 to 4"),
    done("rule.replace_if_present_flag", "0 and 1"),
    done("rule.sm_default_msg_id", "0, and what the configuration has"),
)

_NOT_READ = "`ESME_RINVDCS`"

VALUES: tuple[Row, ...] = (
    done("esm_class.DATAGRAM", "[one attempt](message-life.md#modes), nothing kept for later"),
    done("esm_class.FORWARD", "transaction mode: one attempt, and the response tells how it ended"),
    done("esm_class.STORE_AND_FORWARD", "and 0, the default: kept until it is delivered or expires"),
    done("esm_class.DELIVERY_RECEIPT", "in receipts; from a client `ESME_RINVESMCLASS`"),
    passed("esm_class.DELIVERY_ACKNOWLEDGEMENT", "from a handset to the application that asked"),
    passed("esm_class.USER_ACKNOWLEDGEMENT", "from a handset to the application that asked"),
    refused("esm_class.CONVERSATION_ABORT", "`ESME_RINVESMCLASS`: only an SMSC of Korean CDMA sends it"),
    done("esm_class.INTERMEDIATE_NOTIFICATION", "in notifications; from a client `ESME_RINVESMCLASS`"),
    done("esm_class.UDHI", "the header is read: parts, ports, national tables"),
    passed("esm_class.REPLY_PATH", "without a meaning to us"),
    done("registered_delivery.RECEIPT", "3: a receipt of success only (SMPP 5.0)", "5.0 4.7.21"),
    done("registered_delivery.RECEIPT_FINAL", "1: a receipt of every end"),
    done("registered_delivery.RECEIPT_FAILURE", "2: a receipt of failure only"),
    passed("registered_delivery.SME_DELIVERY_ACK", "the handset sends it"),
    passed("registered_delivery.SME_USER_ACK", "the handset sends it"),
    done("registered_delivery.INTERMEDIATE", "a notification when the first attempt failed"),
    done("data_coding.DEFAULT", "GSM 7-bit, or what the account's `default_alphabet` says"),
    done("data_coding.IA5", "read as ASCII"),
    passed("data_coding.OCTETS", "content without an alphabet"),
    done("data_coding.LATIN_1", "read"),
    passed("data_coding.OCTETS_8BIT", "content without an alphabet"),
    refused("data_coding.JIS", _NOT_READ),
    done("data_coding.CYRILLIC", "read as ISO-8859-5"),
    done("data_coding.HEBREW", "read as ISO-8859-8"),
    done("data_coding.UCS2", "read as UTF-16, so that surrogate pairs count"),
    refused("data_coding.PICTOGRAM", _NOT_READ),
    refused("data_coding.ISO_2022_JP", _NOT_READ),
    refused("data_coding.EXTENDED_KANJI", _NOT_READ),
    refused("data_coding.KS_C_5601", _NOT_READ),
)
