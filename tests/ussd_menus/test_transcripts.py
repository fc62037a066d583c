"""Golden transcripts: whole dialogues of every menu in every language, as a handset shows them.

After a change that is meant, ``python -m tests.ussd_menus.scripts`` writes them anew; read the difference.
"""

import pytest

from rating.subscriber import Language
from tests.ussd_menus.scripts import FOLDER, SCRIPTS, path, transcript
from tests.ussd_menus.toy import CODE
from ussd_menus.registry import BY_CODE


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", SCRIPTS)
def test_a_menu_speaks_as_in_its_transcript(code: str, language: Language) -> None:
    assert transcript(code, language) == path(code, language).read_text("utf-8")


def test_every_menu_has_transcripts_and_there_are_no_others() -> None:
    assert SCRIPTS.keys() == BY_CODE.keys()
    assert set(FOLDER.iterdir()) == {path(code, language) for code in SCRIPTS for language in Language}


def test_what_the_operator_shows_never_has_the_code() -> None:
    for file in FOLDER.iterdir():
        shown = [line for line in file.read_text("utf-8").splitlines() if not line.startswith(">>")]
        assert not any(CODE in line for line in shown)
        assert file.read_text("utf-8").count("code=***") == sum("RedeemVoucher" in line for line in shown)
