"""What we do about the fields of each PDU, and the clauses that define them."""

from tests.docs.conformance.row import How, Row, done, like, passed, unused

#: Where SMPP 3.4 defines a field, by its name on the wire.
CLAUSES = {
    "command_length": "3.4 5.1.1",
    "command_id": "3.4 5.1.2",
    "command_status": "3.4 5.1.3",
    "sequence_number": "3.4 5.1.4",
    "system_id": "3.4 5.2.1",
    "password": "3.4 5.2.2",
    "system_type": "3.4 5.2.3",
    "interface_version": "3.4 5.2.4",
    "addr_ton": "3.4 5.2.5",
    "source_addr_ton": "3.4 5.2.5",
    "dest_addr_ton": "3.4 5.2.5",
    "esme_addr_ton": "3.4 5.2.5",
    "addr_npi": "3.4 5.2.6",
    "source_addr_npi": "3.4 5.2.6",
    "dest_addr_npi": "3.4 5.2.6",
    "esme_addr_npi": "3.4 5.2.6",
    "address_range": "3.4 5.2.7",
    "source_addr": "3.4 5.2.8",
    "destination_addr": "3.4 5.2.9",
    "esme_addr": "3.4 5.2.10",
    "service_type": "3.4 5.2.11",
    "esm_class": "3.4 5.2.12",
    "protocol_id": "3.4 5.2.13",
    "priority_flag": "3.4 5.2.14",
    "schedule_delivery_time": "3.4 5.2.15",
    "validity_period": "3.4 5.2.16",
    "registered_delivery": "3.4 5.2.17",
    "replace_if_present_flag": "3.4 5.2.18",
    "data_coding": "3.4 5.2.19",
    "sm_default_msg_id": "3.4 5.2.20",
    "sm_length": "3.4 5.2.21",
    "short_message": "3.4 5.2.22",
    "message_id": "3.4 5.2.23",
    "number_of_dests": "3.4 5.2.24",
    "dest_flag": "3.4 5.2.25",
    "no_unsuccess": "3.4 5.2.26",
    "dl_name": "3.4 5.2.27",
    "message_state": "3.4 5.2.28",
    "unsuccess_sme": "3.4 4.5.2.1",
    "final_date": "3.4 7.1.1",
    "error_code": "3.4 4.8.2",
}

HEADER: tuple[Row, ...] = (
    done(
        "header.command_length",
        "below 16 or above `pdu_octets_max`: `generic_nack`, then the connection closes",
    ),
    done("header.command_id", "unknown: `generic_nack` with `ESME_RINVCMDID`"),
    done("header.command_status", "read in responses; in requests not looked at"),
    done(
        "header.sequence_number",
        "ours run from 1; a client may give any, and the same again is a [repeat](smpp.md#repeated-submits)",
    ),
)

_BINDS: tuple[Row, ...] = (
    done("bind_transceiver.system_id", "names the account; unknown ones look like a wrong password"),
    done("bind_transceiver.password", "in the clear, or against an argon2 hash"),
    unused("bind_transceiver.system_type", "read and not looked at"),
    done("bind_transceiver.interface_version", "below 3.4: no TLVs are sent; 5.0: more is told"),
    unused("bind_transceiver.addr_ton", "read and not looked at"),
    unused("bind_transceiver.addr_npi", "read and not looked at"),
    done("bind_transceiver.address_range", "handset side: which numbers the session serves"),
    done("bind_transceiver_resp.system_id", "`shortcode`"),
    done("outbind.system_id", "`shortcode`"),
    done("outbind.password", "the account's `outbind_password`"),
)


def _like_binds(command: str) -> tuple[Row, ...]:
    made = []
    for row in _BINDS[:8]:
        of, _, field = row.item.partition(".")
        other = f"{command}_resp" if of.endswith("_resp") else command
        made.append(like(f"{other}.{field}", row.item, row.how))
    return tuple(made)


_SUBMIT: tuple[Row, ...] = (
    done(
        "submit_sm.service_type",
        "`USSD` is [USSD](smpp.md#ussd); any other is passed on and groups messages for `cancel_sm` and "
        "`replace_if_present_flag`",
    ),
    done("submit_sm.source_addr_ton", "reserved values are refused; else without an effect"),
    done("submit_sm.source_addr_npi", "reserved values are refused; else without an effect"),
    done(
        "submit_sm.source_addr",
        "handset side: a number that the session serves; application side: owned, or empty",
    ),
    done(
        "submit_sm.dest_addr_ton",
        "reserved values are refused; the receiver is shown what the address looks like",
    ),
    done(
        "submit_sm.dest_addr_npi",
        "reserved values are refused; the receiver is shown what the address looks like",
    ),
    done("submit_sm.destination_addr", "[where a message goes](smpp.md#where-a-message-goes)"),
    done("submit_sm.esm_class", "modes, types and features, [below](#esm_class)"),
    passed("submit_sm.protocol_id", "without a meaning to us"),
    done("submit_sm.priority_flag", "0 to 3: [more urgent ones go first](message-life.md#order)"),
    done(
        "submit_sm.schedule_delivery_time",
        "absolute and relative, [on the operator clock](message-life.md#schedule)",
    ),
    done(
        "submit_sm.validity_period",
        "absolute and relative, [on the operator clock](message-life.md#validity)",
    ),
    done("submit_sm.registered_delivery", "receipts and acknowledgements, [below](#registered_delivery)"),
    done(
        "submit_sm.replace_if_present_flag", "1: [the one that waits is replaced](message-life.md#replacing)"
    ),
    done("submit_sm.data_coding", "alphabets and message classes, [below](#data_coding)"),
    done("submit_sm.sm_default_msg_id", "a text of the [configuration](configuration.md#default-messages)"),
    done("submit_sm.sm_length", "0 to 254"),
    done("submit_sm.short_message", "[texts and parts](message-life.md#texts-and-parts)"),
    done(
        "submit_sm_resp.message_id",
        "32 hexadecimal digits, or as the account's [format](receipts.md#formats) says",
    ),
)

_MULTI: tuple[Row, ...] = (
    *(
        like(
            f"submit_multi.{field}", f"submit_sm.{field}", How.PASSED if field == "protocol_id" else How.DONE
        )
        for field in (
            *(
                "service_type",
                "source_addr_ton",
                "source_addr_npi",
                "source_addr",
                "esm_class",
                "protocol_id",
            ),
            *("priority_flag", "schedule_delivery_time", "validity_period", "registered_delivery"),
            *("replace_if_present_flag", "data_coding", "sm_default_msg_id", "sm_length", "short_message"),
        )
    ),
    done(
        "submit_multi.number_of_dests",
        "1 to 254; with lists resolved and each address once, up to 999 recipients",
    ),
    done("submit_multi.dest_flag", "1 an address, 2 a list, else `ESME_RINVDESTFLAG`"),
    like("submit_multi.dest_addr_ton", "submit_sm.dest_addr_ton"),
    like("submit_multi.dest_addr_npi", "submit_sm.dest_addr_npi"),
    like("submit_multi.destination_addr", "submit_multi"),
    done("submit_multi.dl_name", "a list of the [configuration](configuration.md#distribution-lists)"),
    done("submit_multi_resp.message_id", "one for all recipients"),
    done("submit_multi_resp.no_unsuccess", "how many could not be taken"),
    done("submit_multi_resp.unsuccess_sme", "each of them with its status"),
)

_DELIVER: tuple[Row, ...] = (
    done(
        "deliver_sm.service_type",
        "as it was submitted; `USSD` in dialogues; empty in other answers of services and in receipts",
    ),
    done("deliver_sm.source_addr_ton", "by the look of the address"),
    like("deliver_sm.source_addr_npi", "deliver_sm.source_addr_ton", words="by the look of the address"),
    done(
        "deliver_sm.source_addr",
        "the canonical number, the code or the name; of a receipt the message's receiver",
    ),
    like("deliver_sm.dest_addr_ton", "deliver_sm.source_addr_ton", words="by the look of the address"),
    like("deliver_sm.dest_addr_npi", "deliver_sm.source_addr_ton", words="by the look of the address"),
    done("deliver_sm.destination_addr", "the canonical number, or the application's code"),
    done(
        "deliver_sm.esm_class",
        "type, header and reply path as submitted, without the mode; 0x04 and 0x20 for receipts",
    ),
    done("deliver_sm.protocol_id", "as it was submitted"),
    done("deliver_sm.priority_flag", "as it was submitted"),
    unused("deliver_sm.schedule_delivery_time", "empty, as 4.6.1 asks"),
    unused("deliver_sm.validity_period", "empty, as 4.6.1 asks"),
    done("deliver_sm.registered_delivery", "the bits that ask the receiver for acknowledgements"),
    unused("deliver_sm.replace_if_present_flag", "0, as 4.6.1 asks"),
    done("deliver_sm.data_coding", "as it was submitted, in the receiver's way"),
    unused("deliver_sm.sm_default_msg_id", "0, as 4.6.1 asks: the text is written out"),
    like("deliver_sm.sm_length", "deliver_sm.short_message", words="0 to 254"),
    done("deliver_sm.short_message", "one part for a handset; up to 254 octets for an application"),
    unused("deliver_sm_resp.message_id", "unused, as 4.6.2 says; a response without a body is taken"),
)

_DATA: tuple[Row, ...] = (
    *(
        like(
            f"data_sm.{field}",
            f"submit_sm.{field}",
            words=f"as in `submit_sm`; sent as in `deliver_sm.{field}`",
        )
        for field in (
            *("service_type", "source_addr_ton", "source_addr_npi", "source_addr", "dest_addr_ton"),
            *("dest_addr_npi", "destination_addr", "esm_class", "registered_delivery", "data_coding"),
        )
    ),
    like("data_sm_resp.message_id", "data_sm", words="as in `submit_sm_resp`"),
)

_OTHERS: tuple[Row, ...] = (
    done("query_sm.message_id", "as the response gave it, or as the receipt did"),
    unused("query_sm.source_addr_ton", "read and not compared"),
    unused("query_sm.source_addr_npi", "read and not compared"),
    done("query_sm.source_addr", "has to be the message's; in a number's or code's canonical form"),
    like("query_sm_resp.message_id", "query_sm_resp", words="in the form of the response"),
    done("query_sm_resp.final_date", "operator time with its offset; empty while the message waits"),
    done("query_sm_resp.message_state", "[states](#states-of-a-message)"),
    done(
        "query_sm_resp.error_code",
        "the code of the [failure](receipts.md#failures) without its network, 255 at most",
    ),
    done("cancel_sm.service_type", "without an id: only messages of this type; empty for all"),
    done("cancel_sm.message_id", "one message; empty for all between two addresses"),
    unused("cancel_sm.source_addr_ton", "read and not compared"),
    unused("cancel_sm.source_addr_npi", "read and not compared"),
    done("cancel_sm.source_addr", "has to be the message's"),
    unused("cancel_sm.dest_addr_ton", "read and not compared"),
    unused("cancel_sm.dest_addr_npi", "read and not compared"),
    done(
        "cancel_sm.destination_addr", "without an id the messages' receiver; with one, empty or the message's"
    ),
    done("replace_sm.message_id", "as the response gave it, or as the receipt did"),
    unused("replace_sm.source_addr_ton", "read and not compared"),
    unused("replace_sm.source_addr_npi", "read and not compared"),
    done("replace_sm.source_addr", "has to be the message's"),
    done("replace_sm.schedule_delivery_time", "not empty: a new time"),
    done("replace_sm.validity_period", "not empty: a new end"),
    done("replace_sm.registered_delivery", "takes the place of the old one; reserved bits are refused"),
    done("replace_sm.sm_default_msg_id", "the new text, from the configuration"),
    like("replace_sm.sm_length", "replace_sm.short_message", words="0 to 254"),
    done(
        "replace_sm.short_message",
        "the new text, in the `data_coding` of the old one and without its user data header",
    ),
    done("alert_notification.source_addr", "the handset's number"),
    like("alert_notification.source_addr_ton", "alert_notification.source_addr", words="international"),
    like("alert_notification.source_addr_npi", "alert_notification.source_addr", words="ISDN"),
    done("alert_notification.esme_addr", "the source of the message that asked"),
    like(
        "alert_notification.esme_addr_ton", "alert_notification.esme_addr", words="by the look of the address"
    ),
    like(
        "alert_notification.esme_addr_npi", "alert_notification.esme_addr", words="by the look of the address"
    ),
)

FIELDS: tuple[Row, ...] = (
    *HEADER,
    *_BINDS,
    *_like_binds("bind_receiver"),
    *_like_binds("bind_transmitter"),
    *_SUBMIT,
    *_MULTI,
    *_DELIVER,
    *_DATA,
    *_OTHERS,
)
