"""When each command_status is sent, or what it means when it comes."""

from tests.docs.conformance.row import Row, done, refused, unused

_NO_BROADCAST = "cell broadcast is refused without a look at its fields"

STATUSES: tuple[Row, ...] = (
    done("status.ESME_ROK", "it is done, and durable"),
    done(
        "status.ESME_RINVMSGLEN",
        "text and length do not agree, two texts at once, octets that break their alphabet",
    ),
    done("status.ESME_RINVCMDLEN", "a body that is too short or too long; an impossible length"),
    done("status.ESME_RINVCMDID", "a command that nobody knows"),
    done("status.ESME_RINVBNDSTS", "not allowed in this state of the session"),
    done("status.ESME_RALYBND", "a bind on a session that is bound, or whose bind is being verified"),
    done("status.ESME_RINVPRTFLG", "`priority_flag` over 3"),
    done("status.ESME_RINVREGDLVFLG", "reserved bits of `registered_delivery`"),
    done("status.ESME_RSYSERR", "a fault inside, or the gateway stops; in a response: again later"),
    done("status.ESME_RINVSRCADR", "a source that the session may not use, or that does not fit its field"),
    done("status.ESME_RINVDSTADR", "a destination that nobody owns, or that does not fit its field"),
    done("status.ESME_RINVMSGID", "no message of one's own has this id and these addresses"),
    done("status.ESME_RBINDFAIL", "all that is wrong with a bind but the password"),
    done("status.ESME_RINVPASWD", "a wrong password, or a `system_id` that nobody has"),
    done("status.ESME_RINVSYSID", "a `system_id` that does not fit its field"),
    done(
        "status.ESME_RCANCELFAIL",
        "the message is final or on its way; nothing waits between the two addresses",
    ),
    done("status.ESME_RREPLACEFAIL", "the message is final or on its way"),
    done("status.ESME_RMSGQFUL", "not sent; in a response: the handset's memory is full"),
    done(
        "status.ESME_RINVSERTYP",
        "USSD of an application without a code; a `service_type` that does not fit its field",
    ),
    done("status.ESME_RINVNUMDESTS", "`number_of_dests` 0 or over 254"),
    done("status.ESME_RINVDLNAME", "a distribution list that is not configured"),
    done("status.ESME_RINVDESTFLAG", "`dest_flag` neither 1 nor 2"),
    unused("status.ESME_RINVSUBREP", "`replace_if_present_flag` is carried out wherever it may stand"),
    done("status.ESME_RINVESMCLASS", "a message type that only an SMSC sends; a USSD screen in segments"),
    done("status.ESME_RCNTSUBDL", "more than 999 recipients"),
    done("status.ESME_RSUBMITFAIL", "the sender is blocked; the handset is in another USSD dialogue"),
    done("status.ESME_RINVSRCTON", "a reserved TON of the source"),
    done("status.ESME_RINVSRCNPI", "a reserved NPI of the source"),
    done("status.ESME_RINVDSTTON", "a reserved TON of the destination"),
    done("status.ESME_RINVDSTNPI", "a reserved NPI of the destination"),
    done("status.ESME_RINVSYSTYP", "a `system_type` that does not fit its field"),
    done("status.ESME_RINVREPFLAG", "`replace_if_present_flag` over 1"),
    unused("status.ESME_RINVNUMMSGS", "`number_of_messages` over 99 gets `ESME_RINVOPTPARAMVAL`"),
    done(
        "status.ESME_RTHROTTLED",
        "the window, the account's rate or the queue to the writer is full; in a response: again later",
    ),
    done(
        "status.ESME_RINVSCHED",
        "a `schedule_delivery_time` that is none, is past, or does not go with the message",
    ),
    done("status.ESME_RINVEXPIRY", "a `validity_period` that is none, is past, or ends before the schedule"),
    done("status.ESME_RINVDFTMSGID", "`sm_default_msg_id` without a text in the configuration"),
    done("status.ESME_RX_T_APPN", "not sent; in a response: again later"),
    done("status.ESME_RX_P_APPN", "not sent; in a response: `UNDELIVERABLE`"),
    done("status.ESME_RX_R_APPN", "not sent; in a response: `REJECTED`"),
    unused("status.ESME_RQUERYFAIL", "a query that finds nothing gets `ESME_RINVMSGID`"),
    done("status.ESME_RINVOPTPARSTREAM", "a parameter that runs past the end (5.0: `ESME_RINVTLVSTREAM`)"),
    unused("status.ESME_ROPTPARNOTALLWD", "parameters without a use are passed on (3.4 section 3.3)"),
    done("status.ESME_RINVPARLEN", "a parameter of a wrong length"),
    unused("status.ESME_RMISSINGOPTPARAM", "no parameter is missed: what lacks a text is an empty message"),
    done(
        "status.ESME_RINVOPTPARAMVAL",
        "a parameter with a value out of its range; USSD that belongs to no dialogue",
    ),
    done("status.ESME_RDELIVERYFAILURE", "in transaction mode: the delivery failed"),
    unused("status.ESME_RUNKNOWNERR", "every error has a name; in a response: never again"),
    unused("status.ESME_RSERTYPUNAUTH", "`ESME_RINVSERTYP` says it"),
    unused("status.ESME_RPROHIBITED", "`ESME_RSUBMITFAIL` says it"),
    unused("status.ESME_RSERTYPUNAVAIL", "`ESME_RINVSERTYP` says it"),
    unused("status.ESME_RSERTYPDENIED", "`ESME_RINVSERTYP` says it"),
    done(
        "status.ESME_RINVDCS", "a `data_coding` that is reserved or not read here, or no text for a service"
    ),
    unused("status.ESME_RINVSRCADDRSUBUNIT", "subunits are passed on"),
    unused("status.ESME_RINVDSTADDRSUBUNIT", "subunits are passed on"),
    *(
        unused(f"status.{name}", _NO_BROADCAST)
        for name in (
            *("ESME_RINVBCASTFREQINT", "ESME_RINVBCASTALIAS_NAME", "ESME_RINVBCASTAREAFMT"),
            *("ESME_RINVNUMBCAST_AREAS", "ESME_RINVBCASTCNTTYPE", "ESME_RINVBCASTMSGCLASS"),
        )
    ),
    refused("status.ESME_RBCASTFAIL", "to `broadcast_sm` of a client of 5.0"),
    refused("status.ESME_RBCASTQUERYFAIL", "to `query_broadcast_sm` of a client of 5.0"),
    refused("status.ESME_RBCASTCANCELFAIL", "to `cancel_broadcast_sm` of a client of 5.0"),
    unused("status.ESME_RINVBCAST_REP", _NO_BROADCAST),
    unused("status.ESME_RINVBCASTSRVGRP", _NO_BROADCAST),
    unused("status.ESME_RINVBCASTCHANIND", _NO_BROADCAST),
)
