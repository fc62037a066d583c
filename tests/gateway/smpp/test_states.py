"""The session table, walked as a whole: every state, command and issuer."""

import itertools

import pytest

from gateway.smpp.constants import RESPONSE_BIT, CommandId, CommandStatus
from gateway.smpp.states import ALLOWED, BIND_COMMANDS, BOUND, MOVES, TRANSITIONS, Role, State, refusal, step

#: SMPP 3.4 table 2-1 as text: command, by ESME in, by SMSC in. (T)X, (R)X, (B)oth, (O)pen, o(U)tbound.
MATRIX = """
bind_transmitter    O    -
bind_receiver       OU   -
bind_transceiver    OU   -
outbind             -    O
unbind              TRB  TRB
submit_sm           TB   -
submit_multi        TB   -
query_sm            TB   -
cancel_sm           TB   -
replace_sm          TB   -
data_sm             TB   RB
deliver_sm          -    RB
alert_notification  -    RB
"""
LETTERS = {
    "O": State.OPEN,
    "U": State.OUTBOUND,
    "T": State.BOUND_TX,
    "R": State.BOUND_RX,
    "B": State.BOUND_TRX,
}
CONNECTED = set(State) - {State.CLOSED}


def allowed_by_the_matrix() -> set[tuple[State, CommandId, Role]]:
    """The table's keys, worked out from the text."""
    found = set()
    for line in MATRIX.split("\n")[1:-1]:
        name, by_esme, by_smsc = line.split()
        command = CommandId[name.upper()]
        for issuer, letters in ((Role.ESME, by_esme), (Role.SMSC, by_smsc)):
            for letter in letters.replace("-", ""):
                found.add((LETTERS[letter], command, issuer))
                if command not in (CommandId.OUTBIND, CommandId.ALERT_NOTIFICATION):
                    found.add((LETTERS[letter], CommandId(command | RESPONSE_BIT), issuer.peer))
    link = (CommandId.ENQUIRE_LINK, CommandId.ENQUIRE_LINK_RESP, CommandId.GENERIC_NACK)
    return found | set(itertools.product(CONNECTED, link, Role))


@pytest.mark.conformance(
    "session.OPEN",
    "session.OUTBOUND",
    "session.BOUND_TX",
    "session.BOUND_RX",
    "session.BOUND_TRX",
    "session.UNBOUND",
    "session.CLOSED",
)
@pytest.mark.parametrize("state", State, ids=lambda state: state.value)
@pytest.mark.parametrize("issuer", Role, ids=lambda role: role.value)
def test_exactly_the_commands_of_the_matrix_are_allowed(state: State, issuer: Role) -> None:
    """All commands in each state, from each side."""
    wanted = {c for s, c, i in allowed_by_the_matrix() if (s, i) == (state, issuer)}
    assert {command for command in CommandId if step(state, command, issuer) is not None} == wanted
    assert ALLOWED[state, issuer] == wanted


def test_only_binding_and_unbinding_move_the_session() -> None:
    """And they lead where their names say."""
    moved = {(command, after) for (state, command, _), after in TRANSITIONS.items() if after != state}
    assert moved == set(MOVES.items())


@pytest.mark.parametrize("key", sorted(TRANSITIONS, key=str), ids=str)
def test_an_error_moves_nothing(key: tuple[State, CommandId, Role]) -> None:
    """A refused bind leaves the session where it is."""
    assert step(*key, status=CommandStatus.ESME_RBINDFAIL) is key[0]


@pytest.mark.conformance("session.CLOSED")
def test_nothing_is_allowed_after_the_end() -> None:
    """CLOSED is final."""
    assert not any(ALLOWED[State.CLOSED, role] for role in Role)


@pytest.mark.parametrize("state", State, ids=lambda state: state.value)
def test_a_second_bind_is_told_apart_from_other_wrong_states(state: State) -> None:
    """ESME_RALYBND only for a bind in a bound state."""
    already = {command for command in CommandId if refusal(state, command) == CommandStatus.ESME_RALYBND}
    assert already == (BIND_COMMANDS if state in BOUND else set())
