"""The session as one table: who may issue which command in which state, and where it leads.

SMPP 3.4 table 2-1 with two corrections that SMPP 5.0 section 2.4 made to it: replace_sm also in
BOUND_TRX, and link management (enquire_link, generic_nack) in every state with a connection. data_sm
keeps to its direction (ESME as transmitter, SMSC to a receiver, SMPP 3.4 section 2.2), so that a receiver
cannot originate messages.
"""

from enum import Enum

from gateway.smpp.constants import CommandId, CommandStatus


class State(Enum):
    """Session states (SMPP 3.4 section 2.2; OUTBOUND and UNBOUND are named in SMPP 5.0 section 2.3)."""

    OPEN = "open"
    OUTBOUND = "outbound"
    BOUND_TX = "bound_tx"
    BOUND_RX = "bound_rx"
    BOUND_TRX = "bound_trx"
    UNBOUND = "unbound"
    CLOSED = "closed"


class Role(Enum):
    """The two ends of a session, and so the two possible issuers of a PDU."""

    ESME = "esme"
    SMSC = "smsc"

    @property
    def peer(self) -> "Role":
        """The other end."""
        return Role.SMSC if self is Role.ESME else Role.ESME


_C = CommandId
_TX, _RX, _TRX = State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX
BOUND = frozenset({_TX, _RX, _TRX})
SENDING = _SENDING = frozenset({_TX, _TRX})
_RECEIVING = frozenset({_RX, _TRX})
_CONNECTED = BOUND | {State.OPEN, State.OUTBOUND, State.UNBOUND}
_ESME, _SMSC = frozenset({Role.ESME}), frozenset({Role.SMSC})
_BOTH = _ESME | _SMSC

#: Requests: command, issuers, states in which it is allowed.
REQUESTS: tuple[tuple[CommandId, frozenset[Role], frozenset[State]], ...] = (
    (_C.BIND_TRANSMITTER, _ESME, frozenset({State.OPEN})),
    (_C.BIND_RECEIVER, _ESME, frozenset({State.OPEN, State.OUTBOUND})),
    (_C.BIND_TRANSCEIVER, _ESME, frozenset({State.OPEN, State.OUTBOUND})),
    (_C.OUTBIND, _SMSC, frozenset({State.OPEN})),
    (_C.UNBIND, _BOTH, BOUND),
    (_C.SUBMIT_SM, _ESME, _SENDING),
    (_C.SUBMIT_MULTI, _ESME, _SENDING),
    (_C.QUERY_SM, _ESME, _SENDING),
    (_C.CANCEL_SM, _ESME, _SENDING),
    (_C.REPLACE_SM, _ESME, _SENDING),
    (_C.DATA_SM, _ESME, _SENDING),
    (_C.DATA_SM, _SMSC, _RECEIVING),
    (_C.DELIVER_SM, _SMSC, _RECEIVING),
    (_C.ALERT_NOTIFICATION, _SMSC, _RECEIVING),
    (_C.ENQUIRE_LINK, _BOTH, _CONNECTED),
)

#: Commands that move the session when they succeed: command -> next state.
MOVES: dict[CommandId, State] = {
    _C.OUTBIND: State.OUTBOUND,
    _C.BIND_TRANSMITTER_RESP: State.BOUND_TX,
    _C.BIND_RECEIVER_RESP: State.BOUND_RX,
    _C.BIND_TRANSCEIVER_RESP: State.BOUND_TRX,
    _C.UNBIND_RESP: State.UNBOUND,
}

BIND_COMMANDS = frozenset({_C.BIND_TRANSMITTER, _C.BIND_RECEIVER, _C.BIND_TRANSCEIVER})
#: Requests that carry the traffic: they count for the windows and for inactivity.
TRAFFIC: frozenset[int] = (
    frozenset(row[0] for row in REQUESTS) - BIND_COMMANDS - {_C.OUTBIND, _C.UNBIND, _C.ENQUIRE_LINK}
)
#: Requests that nobody answers (SMPP 3.4 sections 4.1.7 and 4.12).
UNANSWERED: frozenset[int] = frozenset({_C.OUTBIND, _C.ALERT_NOTIFICATION})


#: Cell broadcast (SMPP 5.0 section 4.4) is not carried out. A peer that bound with 5.0 gets each operation's
#: own response with its own error; to an older one these are unknown commands.
BROADCAST_REFUSALS: dict[int, CommandStatus] = {
    _C.BROADCAST_SM: CommandStatus.ESME_RBCASTFAIL,
    _C.QUERY_BROADCAST_SM: CommandStatus.ESME_RBCASTQUERYFAIL,
    _C.CANCEL_BROADCAST_SM: CommandStatus.ESME_RBCASTCANCELFAIL,
}


def _response(command_id: CommandId) -> CommandId:
    return CommandId(command_id | 0x8000_0000)


def _build() -> dict[tuple[State, CommandId, Role], State]:
    table: dict[tuple[State, CommandId, Role], State] = {}
    for command, issuers, states in REQUESTS:
        for issuer in issuers:
            for state in states:
                table[state, command, issuer] = MOVES.get(command, state)
                if command not in UNANSWERED:
                    response = _response(command)
                    table[state, response, issuer.peer] = MOVES.get(response, state)
    for state in _CONNECTED:
        for issuer in Role:
            table[state, _C.GENERIC_NACK, issuer] = state
    return table


#: (state, command_id, issuer) -> next state when it succeeds; what is absent is not allowed.
TRANSITIONS: dict[tuple[State, CommandId, Role], State] = _build()

#: The same by state and issuer: the commands that may come, for one look-up per PDU.
ALLOWED: dict[tuple[State, Role], frozenset[int]] = {
    (state, issuer): frozenset(command for s, command, i in TRANSITIONS if (s, i) == (state, issuer))
    for state in State
    for issuer in Role
}


def step(
    state: State, command_id: CommandId, issuer: Role, status: int = CommandStatus.ESME_ROK
) -> State | None:
    """The state after the command, or None where it is not allowed. An error status moves nothing."""
    after = TRANSITIONS.get((state, command_id, issuer))
    return state if after is not None and status else after


def refusal(state: State, command_id: int) -> CommandStatus:
    """The status for a request that the table does not allow (SMPP 3.4 section 5.1.3)."""
    if state in BOUND and command_id in BIND_COMMANDS:
        return CommandStatus.ESME_RALYBND
    return CommandStatus.ESME_RINVBNDSTS
