"""The page of the menus shows the trees as they are."""

from tests.docs.menus_page import PAGE, page
from ussd_menus.registry import MENUS


def test_the_page_is_as_make_docs_writes_it() -> None:
    assert PAGE.read_text("utf-8") == page(), "the page is behind: make docs"


def test_every_menu_has_its_diagram() -> None:
    text = PAGE.read_text("utf-8")
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        f"## `{menu.service_code}#`" for menu in MENUS
    ]
    assert text.count("```mermaid\n") == len(MENUS)
