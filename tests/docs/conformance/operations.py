"""What we do about operations, the states of a session, and those of a message."""

from tests.docs.conformance.row import How, Row, done, like, refused, unused

OPERATIONS: tuple[Row, ...] = (
    done(
        "generic_nack",
        "sent for what is no PDU of ours (`ESME_RINVCMDID`, `ESME_RINVCMDLEN`); one that answers a request "
        "of ours ends it with its status",
    ),
    done("bind_receiver", "[Bind](smpp.md#bind)"),
    done("bind_transmitter", "[Bind](smpp.md#bind)"),
    done("bind_transceiver", "[Bind](smpp.md#bind)"),
    like("bind_receiver_resp", "bind_receiver"),
    like("bind_transmitter_resp", "bind_transmitter"),
    like("bind_transceiver_resp", "bind_transceiver"),
    done(
        "outbind", "sent to an account with [`outbind`](smpp.md#outbind); one that a client sends is refused"
    ),
    done("unbind", "answered when all that came before it is; sent at the stop and after `inactivity_s`"),
    like("unbind_resp", "unbind"),
    done("enquire_link", "answered in every state; sent after `enquire_link_s` of silence"),
    like("enquire_link_resp", "enquire_link"),
    done(
        "submit_sm",
        "[What is accepted](smpp.md#order-of-refusals), and [what becomes of it](message-life.md)",
    ),
    done("submit_sm_resp", "after the commit, never before; in transaction mode after the delivery"),
    done("submit_multi", "[a message for each recipient](smpp.md#submit_multi)"),
    done("submit_multi_resp", "one id for all recipients, and those that failed"),
    done("data_sm", 'taken like a `submit_sm`; sent to accounts with `deliver_with = "data_sm"`'),
    done(
        "data_sm_resp",
        "with the reason of a delivery that failed in transaction mode; read like `deliver_sm_resp`",
    ),
    done("deliver_sm", "messages, receipts, notifications and USSD screens"),
    done("deliver_sm_resp", "[what each status leads to](receipts.md#by-status)"),
    done("query_sm", "the state of one message of one's own"),
    done("query_sm_resp", "its state, when it became final, and the error"),
    done("cancel_sm", "one message, or all between two addresses"),
    done("cancel_sm_resp", "when the message is gone from the store"),
    done("replace_sm", "another text in the place of one that waits"),
    done("replace_sm_resp", "when the new text is in the store"),
    done(
        "alert_notification",
        "sent once when a handset binds for which [`set_dpf`](message-life.md#alerts) asked",
    ),
    refused("broadcast_sm", "`ESME_RBCASTFAIL`; to a client below 5.0 an unknown command", "5.0 4.4.1.1"),
    Row("broadcast_sm_resp", How.REFUSED, "the header alone, with the status", "5.0 4.4.1.2", "broadcast_sm"),
    refused(
        "query_broadcast_sm",
        "`ESME_RBCASTQUERYFAIL`; to a client below 5.0 an unknown command",
        "5.0 4.6.1.1",
    ),
    Row(
        "query_broadcast_sm_resp",
        How.REFUSED,
        "the header alone, with the status",
        "5.0 4.6.1.3",
        "query_broadcast_sm",
    ),
    refused(
        "cancel_broadcast_sm",
        "`ESME_RBCASTCANCELFAIL`; to a client below 5.0 an unknown command",
        "5.0 4.6.2.1",
    ),
    Row(
        "cancel_broadcast_sm_resp",
        How.REFUSED,
        "the header alone, with the status",
        "5.0 4.6.2.3",
        "cancel_broadcast_sm",
    ),
)

SESSION_STATES: tuple[Row, ...] = (
    done("session.OPEN", "connected; closed after `session_init_s` without a bind"),
    done("session.OUTBOUND", "after our `outbind`: a receiver or transceiver may bind", "5.0 2.3"),
    done("session.BOUND_TX", "submits and asks; is sent nothing but what it asked for"),
    done("session.BOUND_RX", "is sent messages; a submit gets `ESME_RINVBNDSTS`"),
    done("session.BOUND_TRX", "both"),
    done("session.UNBOUND", "the unbind is answered; the connection closes", "5.0 2.3"),
    done("session.CLOSED", "nothing is read or written any more"),
)

MESSAGE_STATES: tuple[Row, ...] = (
    done(
        "state.SCHEDULED", "waits for its time; to a client below 5.0 `query_sm` says `ENROUTE`", "5.0 4.7.15"
    ),
    done("state.ENROUTE", "waits, or is on its way"),
    done("state.DELIVERED", "final: acknowledged by the receiver, with all its parts"),
    done("state.EXPIRED", "final: the validity was over before it could be delivered"),
    done("state.DELETED", "final: cancelled, or replaced by a newer one"),
    done("state.UNDELIVERABLE", "final: refused for good, or one attempt was asked for and failed"),
    unused("state.ACCEPTED", "nobody at customer care reads messages here; receipts could name it"),
    unused("state.UNKNOWN", "every message has a state; receipts could name it"),
    done("state.REJECTED", "final: the receiver answered `ESME_RX_R_APPN`"),
)
