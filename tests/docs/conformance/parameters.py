"""What we do about optional parameters, and the clauses that define them."""

from tests.docs.conformance.row import Row, done, passed

_PASSED = "without a meaning to us"

#: In the order of their tags.
PARAMETERS: tuple[Row, ...] = (
    passed("tlv.dest_addr_subunit", "the handset shows 1 as a flash message", "3.4 5.3.2.1"),
    passed("tlv.dest_network_type", _PASSED, "3.4 5.3.2.3"),
    passed("tlv.dest_bearer_type", _PASSED, "3.4 5.3.2.5"),
    passed("tlv.dest_telematics_id", _PASSED, "3.4 5.3.2.7"),
    passed("tlv.source_addr_subunit", _PASSED, "3.4 5.3.2.2"),
    passed("tlv.source_network_type", _PASSED, "3.4 5.3.2.4"),
    passed("tlv.source_bearer_type", _PASSED, "3.4 5.3.2.6"),
    passed("tlv.source_telematics_id", _PASSED, "3.4 5.3.2.8"),
    done("tlv.qos_time_to_live", "seconds of validity, where `validity_period` is empty", "3.4 5.3.2.9"),
    passed("tlv.payload_type", _PASSED, "3.4 5.3.2.10"),
    done("tlv.additional_status_info_text", "in `data_sm_resp`: why a delivery failed", "3.4 5.3.2.11"),
    done("tlv.receipted_message_id", "in receipts; in acknowledgements passed on", "3.4 5.3.2.12"),
    passed("tlv.ms_msg_wait_facilities", _PASSED, "3.4 5.3.2.13"),
    passed("tlv.privacy_indicator", _PASSED, "3.4 5.3.2.14"),
    passed("tlv.source_subaddress", _PASSED, "3.4 5.3.2.15"),
    passed("tlv.dest_subaddress", _PASSED, "3.4 5.3.2.16"),
    done(
        "tlv.user_message_reference",
        "names the command for [repeats](smpp.md#repeated-submits); passed on",
        "3.4 5.3.2.17",
    ),
    passed("tlv.user_response_code", _PASSED, "3.4 5.3.2.18"),
    passed("tlv.source_port", "as a TLV, or in the header, as it came", "3.4 5.3.2.20"),
    passed(
        "tlv.destination_port", "as a TLV, or in the header, as it came; the handset shows it", "3.4 5.3.2.21"
    ),
    done("tlv.sar_msg_ref_num", "parts of a long message, joined where they are read", "3.4 5.3.2.22"),
    passed("tlv.language_indicator", _PASSED, "3.4 5.3.2.19"),
    done("tlv.sar_total_segments", "parts of a long message, joined where they are read", "3.4 5.3.2.23"),
    done("tlv.sar_segment_seqnum", "parts of a long message, joined where they are read", "3.4 5.3.2.24"),
    done(
        "tlv.sc_interface_version",
        "in the response to a bind: 0x34, or 0x50 to a client of 5.0",
        "3.4 5.3.2.25",
    ),
    passed("tlv.callback_num_pres_ind", _PASSED, "3.4 5.3.2.37"),
    passed("tlv.callback_num_atag", _PASSED, "3.4 5.3.2.38"),
    passed("tlv.number_of_messages", _PASSED, "3.4 5.3.2.39"),
    passed("tlv.callback_num", _PASSED, "3.4 5.3.2.36"),
    done("tlv.dpf_result", "1 in the `data_sm_resp` to a message whose `set_dpf` counts", "3.4 5.3.2.28"),
    done("tlv.set_dpf", "1 asks for an [alert](message-life.md#alerts)", "3.4 5.3.2.29"),
    done("tlv.ms_availability_status", "0 in `alert_notification`: available", "3.4 5.3.2.30"),
    done(
        "tlv.network_error_code",
        "in receipts, `data_sm_resp` and at the end of a USSD dialogue; in a response "
        "[the reason](receipts.md#by-tlv)",
        "3.4 5.3.2.31",
    ),
    done("tlv.message_payload", "up to 65,535 octets in place of `short_message`", "3.4 5.3.2.32"),
    done(
        "tlv.delivery_failure_reason",
        "in `data_sm_resp`; in a handset's response [the reason](receipts.md#by-tlv)",
        "3.4 5.3.2.33",
    ),
    passed("tlv.more_messages_to_send", _PASSED, "3.4 5.3.2.34"),
    done("tlv.message_state", "in receipts", "3.4 5.3.2.35"),
    done("tlv.congestion_state", "to a client of 5.0, in the responses to submits", "5.0 4.8.4.18"),
    done("tlv.ussd_service_op", "[USSD](smpp.md#ussd)", "3.4 5.3.2.44"),
    passed("tlv.display_time", _PASSED, "3.4 5.3.2.26"),
    passed("tlv.sms_signal", _PASSED, "3.4 5.3.2.40"),
    passed("tlv.ms_validity", _PASSED, "3.4 5.3.2.27"),
    passed("tlv.alert_on_message_delivery", _PASSED, "3.4 5.3.2.41"),
    passed("tlv.its_reply_type", _PASSED, "3.4 5.3.2.42"),
    done(
        "tlv.its_session_info",
        "number, sequence and end bit of a [USSD](smpp.md#ussd) dialogue; an answer counts only with "
        "those of the last screen, an application's screen with those of the last answer",
        "3.4 5.3.2.43",
    ),
)
