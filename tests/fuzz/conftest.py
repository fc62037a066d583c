"""The seed of a run of mutations, and how many there are."""

import os
import secrets

import pytest

#: Read once and taken away: settings of the product have the same prefix, and this is none.
_SEED = os.environ.pop("SHORTCODE_FUZZ_SEED", "") or secrets.token_hex(4)


@pytest.fixture
def seed(capsys: pytest.CaptureFixture[str]) -> str:
    """What all choices follow from, printed for every test: the variable SHORTCODE_FUZZ_SEED replays it."""
    with capsys.disabled():
        print(f"\nSHORTCODE_FUZZ_SEED={_SEED}")  # noqa: T201 - the run's log must show it
    return _SEED
