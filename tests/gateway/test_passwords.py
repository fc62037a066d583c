"""Passwords: plain and hashed, remembered, bounded, and refused without telling which accounts there are."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error

from gateway.config import DEMO_ACCOUNTS, Account
from gateway.passwords import (
    PER_SYSTEM_ID_MAX,
    RUNNING_MAX,
    WAITING_MAX,
    Answer,
    InvalidPassword,
    Passwords,
    check_hash,
    hash_password,
    verify,
)
from handlers.base.command import Secret
from tests.gateway.stand import LogLines

#: As cheap as argon2 gets: what it costs is not the subject.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HANDSET, APP = DEMO_ACCOUNTS


def hashed(system_id: str, password: str) -> Account:
    return replace(HANDSET, system_id=system_id, password=Secret(""), password_hash=CHEAP.hash(password))


class Pool(Executor):
    """Verifications that are carried out when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[Callable[[], Any], Future[Any]]] = []
        self.largest = 0
        self.done = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        self.asked.append((lambda: fn(*args, **kwargs), future))
        self.largest = max(self.largest, len(self.asked))
        return future

    def work(self) -> None:
        """Everything that waits, and what is asked for meanwhile."""
        while self.asked:
            call, future = self.asked.pop(0)
            self.done += 1
            future.set_result(call())


class Door:
    """Passwords, and the answers in the order in which they come."""

    def __init__(self, *accounts: Account) -> None:
        self.pool = Pool()
        self.answers: list[tuple[str, Answer]] = []
        self.passwords = Passwords(accounts, self.pool, lambda call: call(), b"k" * 32)

    def ask(self, system_id: str, password: str) -> None:
        """Answered now or later."""
        self.passwords.check(
            system_id, password, lambda answer: self.answers.append((f"{system_id}/{password}", answer))
        )

    def answer(self, system_id: str, password: str) -> Answer:
        """The answer, when all work is done."""
        self.ask(system_id, password)
        self.pool.work()
        return self.answers.pop()[1]


@pytest.mark.parametrize("password", ["a?", "secret12", "!~{}[]\\^"])
def test_a_hash_verifies_its_password_and_no_other(password: str) -> None:
    made = hash_password(password)
    check_hash(made)
    assert verify(made, password)
    assert not verify(made, password + "x")
    assert password not in made


@pytest.mark.parametrize("password", ["", "ninechars", "пароль", "a b", "a\n"])
def test_what_cannot_be_an_smpp_password_is_not_hashed_and_not_repeated(password: str) -> None:
    with pytest.raises(InvalidPassword) as caught:
        hash_password(password)
    assert not password or password not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no argon2 hash"),
        ("plain", "no argon2 hash"),
        ("$2b$12$abcdefghijklmnopqrstuv", "no argon2 hash"),
        ("$argon2id$v=19$m=8,t=1,p=1$eA$eA", "no argon2 hash"),
        ("$argon2id$v=19$m=1048576,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hhc2hoYXNo", "costs too much"),
        ("$argon2id$v=19$m=8,t=99,p=1$c2FsdHNhbHQ$aGFzaGhhc2hhc2hoYXNo", "costs too much"),
    ],
)
def test_a_hash_that_cannot_be_verified_is_told_and_not_repeated(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        check_hash(text)
    assert not text or text not in str(caught.value)


def test_plain_passwords_are_answered_at_once_and_without_the_pool() -> None:
    door = Door(HANDSET, APP)
    door.ask("handset", "handset")
    door.ask("handset", "wrong")
    door.ask("nobody", "handset")
    door.ask("nobody", "")
    assert [answer for _, answer in door.answers] == [Answer.RIGHT, *[Answer.WRONG] * 3]
    assert door.pool.asked == []


def test_a_hashed_password_is_verified_in_the_pool() -> None:
    door = Door(hashed("shop", "right"))
    door.ask("shop", "right")
    assert door.answers == []
    door.pool.work()
    assert door.answers == [("shop/right", Answer.RIGHT)]
    assert door.answer("shop", "wrong") is Answer.WRONG


def test_an_empty_password_does_not_open_a_hashed_account() -> None:
    """Its plain password is empty because it has none."""
    assert Door(hashed("shop", "right")).answer("shop", "") is Answer.WRONG


def test_the_password_that_was_right_is_quick_the_next_time_and_no_other_is() -> None:
    door = Door(hashed("shop", "right"))
    door.answer("shop", "right")
    door.ask("shop", "right")
    assert door.answers == [("shop/right", Answer.RIGHT)]
    assert door.pool.asked == []
    assert door.answer("shop", "wrong") is Answer.WRONG
    assert door.pool.done == 2


def test_what_was_right_for_one_account_is_not_for_another() -> None:
    door = Door(hashed("shop", "right"), hashed("bank", "other"))
    assert door.answer("shop", "right") is Answer.RIGHT
    assert door.answer("bank", "right") is Answer.WRONG


@pytest.mark.parametrize("system_id", ["shop", "handset", "nobody", ""])
def test_every_wrong_password_costs_one_verification_where_an_account_has_a_hash(system_id: str) -> None:
    """Else the time of the refusal would tell which accounts there are."""
    door = Door(HANDSET, hashed("shop", "right"))
    assert door.answer(system_id, "wrong") is Answer.WRONG
    assert door.pool.done == 1


@pytest.mark.parametrize("system_id", ["handset", "nobody"])
def test_the_password_behind_the_decoy_opens_nothing_else(system_id: str) -> None:
    door = Door(HANDSET, hashed("shop", "right"))
    assert door.answer(system_id, "right") is Answer.WRONG
    assert door.answer(system_id, "right") is Answer.WRONG


def test_those_who_ask_the_same_share_one_verification() -> None:
    """An application that binds eight times at once is not turned away."""
    door = Door(hashed("shop", "right"))
    for _ in range(8):
        door.ask("shop", "right")
    door.pool.work()
    assert [answer for _, answer in door.answers] == [Answer.RIGHT] * 8
    assert door.pool.done == 1


def test_a_guesser_of_one_account_does_not_take_the_others_turn() -> None:
    door = Door(hashed("shop", "right"), hashed("bank", "right"))
    for guess in range(100):
        door.ask("shop", f"g{guess}")
    assert [answer for _, answer in door.answers] == [Answer.BUSY] * (100 - PER_SYSTEM_ID_MAX)
    door.answers.clear()
    assert door.answer("bank", "right") is Answer.RIGHT
    assert door.answer("shop", "right") is Answer.RIGHT


@pytest.mark.parametrize("prefix", ["shop", "nobody"])
def test_a_flood_is_bounded_and_leaves_most_of_the_pool_alone(prefix: str) -> None:
    """The same for names that there are and for names that there are not."""
    accounts = [hashed(f"shop{number}", "right") for number in range(50)]
    door = Door(*accounts)
    for number in range(50):
        door.ask(f"{prefix}{number}", "wrong")
    busy = [answer for _, answer in door.answers]
    assert busy == [Answer.BUSY] * (50 - RUNNING_MAX - WAITING_MAX)
    door.pool.work()
    assert door.pool.largest == RUNNING_MAX
    assert [answer for _, answer in door.answers[len(busy) :]] == [Answer.WRONG] * (RUNNING_MAX + WAITING_MAX)
    assert door.answer("shop1", "right") is Answer.RIGHT


def test_a_verification_that_fails_is_not_taken_for_a_wrong_password(logged: LogLines) -> None:
    door = Door(replace(hashed("shop", "right"), password_hash="$argon2id$v=19$m=8,t=1,p=1$eA$eA"))
    door.ask("shop", "hunter2")
    call, future = door.pool.asked.pop()
    with pytest.raises(Argon2Error) as caught:
        call()
    future.set_exception(caught.value)
    assert door.answers == [("shop/hunter2", Answer.BUSY)]
    assert [line["event"] for line in logged] == ["password.unverified"]
    assert "hunter2" not in repr(logged)
