"""The key file, the keyed digest and unguessable ids."""

import hashlib
import hmac
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.secret_keys import KEY_OCTETS, Digest, IdSource, KeyFileError, load_key


def test_the_key_is_made_once_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "key"
    key = load_key(path)
    assert len(key) == KEY_OCTETS
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path) == key
    assert [each.name for each in tmp_path.iterdir()] == ["key"]


def test_two_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    """The other's key appears between the look and the link."""
    path = tmp_path / "key"

    def random_octets(count: int) -> bytes:
        path.write_bytes(b"o" * count)
        path.chmod(0o600)
        return b"m" * count

    assert load_key(path, random_octets) == b"o" * KEY_OCTETS
    assert path.read_bytes() == b"o" * KEY_OCTETS


@pytest.mark.parametrize("octets", [b"", b"short", b"x" * 33])
def test_a_damaged_key_is_refused_in_one_line_and_left_alone(tmp_path: Path, octets: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(octets)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="not 32") as caught:
        load_key(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == octets


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    load_key(path)
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_key(path)


def test_a_directory_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="No such file"):
        load_key(tmp_path / "missing" / "key")


@given(key=st.binary(min_size=1, max_size=64), text=st.text())
def test_the_digest_is_hmac_sha_256(key: bytes, text: str) -> None:
    try:
        octets = text.encode()
    except UnicodeEncodeError:
        return
    assert Digest(key)(text) == hmac.digest(key, octets, hashlib.sha256)


def test_the_digest_does_not_show_its_key() -> None:
    assert repr(Digest(b"k" * 32)) == "Digest(***)"
    with pytest.raises(ValueError, match="longer"):
        Digest(b"k" * 65)


def clock(*moments: int) -> Callable[[], int]:
    remaining = list(moments)
    return lambda: remaining.pop(0) if len(remaining) > 1 else remaining[0]


def test_ids_have_32_hexadecimal_digits_and_sort_by_time() -> None:
    new_id = IdSource(clock(1_772_337_600_000_000, 1_772_337_600_000_001, 1_900_000_000_000_000))
    ids = [new_id() for _ in range(3)]
    assert ids == sorted(ids)
    assert all(len(each) == 32 and int(each, 16) for each in ids)
    assert int(ids[0], 16) >> 74 == 1_772_337_600_000_000


def test_ids_rise_though_the_clock_stands_or_falls() -> None:
    new_id = IdSource(clock(1_000, 1_000, 5, 900, 1_002))
    ids = [new_id() for _ in range(600)]
    assert ids == sorted(set(ids))


def test_every_id_has_74_random_bits_of_its_own() -> None:
    """Each of the bits is set in some ids and not in others."""
    new_id = IdSource(clock(7))
    ones = [0] * 74
    for _ in range(512):
        random_part = int(new_id(), 16) & (1 << 74) - 1
        for bit in range(74):
            ones[bit] += random_part >> bit & 1
    assert all(100 < each < 412 for each in ones)


def test_ids_of_many_threads_never_repeat() -> None:
    new_id = IdSource(clock(7))
    with ThreadPoolExecutor(8) as pool:
        ids = [each for part in pool.map(lambda _: [new_id() for _ in range(500)], range(8)) for each in part]
    assert len(set(ids)) == 4_000
