"""Is this the account's password? Plain ones at once, hashed ones in the thread pool, both in equal time.

An argon2 hash is slow on purpose (tens of milliseconds), so it is never verified in the reactor. A password
that was right is remembered as a digest under a key that lives in this process only: the next bind with it is
quick. Where an account has a hash, a wrong password of any other account and an unknown system_id pay for a
verification too, so that the time of a refusal does not tell which accounts there are.

A flood of wrong passwords cannot fill the pool: few verifications run at once, few wait, few of one
system_id, and those who ask the same thing share one. Names that nobody has are counted like the others.
"""

import hmac
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import dataclass, field
from enum import Enum, auto
from hashlib import blake2b

import structlog
from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError, VerifyMismatchError

from gateway.config import Account

log = structlog.get_logger("gateway.passwords")

#: OWASP's parameters for argon2id: 19 MiB, two passes, one lane. About 30 ms.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)
#: A hash that costs more would make each first bind wait for seconds, and hold much memory meanwhile.
_MEMORY_KIB_MAX = 262_144
_PASSES_MAX = 10
#: Shorter ones argon2 itself refuses, or they protect nothing.
_SALT_OCTETS_MIN = 8
_HASH_OCTETS_MIN = 12
_NO_HASH = "is no argon2 hash; make one with: shortcode hash-password"
#: So many verifications run at once (the pool has other work), and so many wait.
RUNNING_MAX = 2
WAITING_MAX = 32
#: So many different passwords of one system_id may run or wait.
PER_SYSTEM_ID_MAX = 4


class Answer(Enum):
    """What became of a password."""

    RIGHT = auto()
    WRONG = auto()
    #: Too many are being verified: nobody has looked at it.
    BUSY = auto()


class InvalidPassword(ValueError):
    """The text cannot be an SMPP password. The message never repeats it."""


def check_password(password: str) -> None:
    """Raises InvalidPassword unless it is 1 to 8 visible ASCII characters (SMPP 3.4 section 5.2.2)."""
    if not 1 <= len(password) <= 8:
        raise InvalidPassword("an SMPP password has 1 to 8 characters")
    if not (password.isascii() and password.isprintable() and " " not in password):
        raise InvalidPassword("an SMPP password has visible ASCII characters only, and no spaces")


def hash_password(password: str) -> str:
    """The argon2id hash for ``password_hash``. Raises InvalidPassword."""
    check_password(password)
    return _HASHER.hash(password)


def check_hash(text: str) -> None:
    """Raises ValueError unless it is an argon2 hash that can be verified here; never repeats it."""
    try:
        found = extract_parameters(text)
    except InvalidHashError:
        raise ValueError(_NO_HASH) from None
    if found.salt_len < _SALT_OCTETS_MIN or found.hash_len < _HASH_OCTETS_MIN:
        raise ValueError(_NO_HASH)
    if found.memory_cost > _MEMORY_KIB_MAX or found.time_cost > _PASSES_MAX:
        raise ValueError(
            f"costs too much: at most {_MEMORY_KIB_MAX} KiB of memory and {_PASSES_MAX} passes are taken"
        )


def verify(password_hash: str, password: str) -> bool:
    """True for the right password. Takes tens of milliseconds; argon2 leaves the interpreter meanwhile."""
    try:
        return _HASHER.verify(password_hash, password)
    except VerifyMismatchError:
        return False


@dataclass(frozen=True, slots=True)
class _Question:
    """One verification, and everybody who waits for it."""

    system_id: str
    password_hash: str
    password: str = field(repr=False)
    digest: bytes = field(repr=False)
    dones: list[Callable[[Answer], None]] = field(default_factory=list)


class Passwords:
    """One per gateway, used in the reactor. ``process_key`` are 16 to 64 octets that nobody else knows."""

    def __init__(
        self,
        accounts: Iterable[Account],
        pool: Executor,
        call_from_thread: Callable[[Callable[[], None]], object],
        process_key: bytes,
    ) -> None:
        self._accounts = {account.system_id: account for account in accounts}
        self._decoy = next((each.password_hash for each in self._accounts.values() if each.password_hash), "")
        self._pool = pool
        self._call_from_thread = call_from_thread
        self._key = process_key
        #: By system_id, the digest of the password that was right.
        self._right: dict[str, bytes] = {}
        self._asked: dict[bytes, _Question] = {}
        self._per_system_id: Counter[str] = Counter()
        self._waiting: deque[_Question] = deque()
        self._running = 0

    def check(self, system_id: str, password: str, done: Callable[[Answer], None]) -> None:
        """``done`` is called in the reactor: at once where no hash has to be verified, else later."""
        account = self._accounts.get(system_id)
        if account is not None and account.password_hash:
            digest = self._digest(system_id, password)
            if hmac.compare_digest(self._right.get(system_id, b""), digest):
                done(Answer.RIGHT)
            else:
                self._verify(_Question(system_id, account.password_hash, password, digest), done)
            return
        # An unknown account has a password too: one that nobody can send.
        expected = self._key if account is None else account.password.reveal().encode()
        right = hmac.compare_digest(expected, password.encode())
        if right or not self._decoy:
            done(Answer.RIGHT if right else Answer.WRONG)
        else:
            self._verify(
                _Question(system_id, self._decoy, password, self._digest(system_id, password)),
                lambda answer: done(_refusal(answer)),
            )

    def _digest(self, system_id: str, password: str) -> bytes:
        return blake2b(f"{system_id}\0{password}".encode(), key=self._key, digest_size=32).digest()

    # -- verifications -----------------------------------------------------------------------------

    def _verify(self, question: _Question, done: Callable[[Answer], None]) -> None:
        same = self._asked.get(question.digest)
        if same is not None:
            same.dones.append(done)
            return
        if self._per_system_id[question.system_id] >= PER_SYSTEM_ID_MAX or len(self._waiting) >= WAITING_MAX:
            done(Answer.BUSY)
            return
        question.dones.append(done)
        self._asked[question.digest] = question
        self._per_system_id[question.system_id] += 1
        self._waiting.append(question)
        self._go_on()

    def _go_on(self) -> None:
        while self._waiting and self._running < RUNNING_MAX:
            self._running += 1
            self._start(self._waiting.popleft())

    def _start(self, question: _Question) -> None:
        future = self._pool.submit(verify, question.password_hash, question.password)
        future.add_done_callback(
            lambda future: self._call_from_thread(lambda: self._verified(question, future))
        )

    def _verified(self, question: _Question, future: "Future[bool]") -> None:
        self._running -= 1
        del self._asked[question.digest]
        self._per_system_id -= Counter((question.system_id,))
        answer = _answer_of(future)
        if answer is Answer.RIGHT and question.password_hash == self._hash_of(question.system_id):
            self._right[question.system_id] = question.digest
        self._go_on()
        for done in question.dones:
            done(answer)

    def _hash_of(self, system_id: str) -> str:
        account = self._accounts.get(system_id)
        return "" if account is None else account.password_hash


def _refusal(answer: Answer) -> Answer:
    """A decoy opens nothing, not even with its own password."""
    return Answer.WRONG if answer is Answer.RIGHT else answer


def _answer_of(future: "Future[bool]") -> Answer:
    try:
        return Answer.RIGHT if future.result() else Answer.WRONG
    except (Argon2Error, InvalidHashError, MemoryError) as error:
        # No traceback: its frames hold the password.
        log.error("password.unverified", error=type(error).__name__)  # noqa: TRY400
    except CancelledError:
        pass  # The gateway stops.
    return Answer.BUSY
