"""The page of the voice prompts shows the flows as they are."""

from tests.docs.prompts_page import PAGE, page
from ussd_menus.prompts.registry import FLOWS


def test_the_page_is_as_make_docs_writes_it() -> None:
    assert PAGE.read_text("utf-8") == page(), "the page is behind: make docs"


def test_every_flow_has_its_diagram() -> None:
    text = PAGE.read_text("utf-8")
    assert [line for line in text.splitlines() if line.startswith("## ")] == [f"## `{key}`" for key in FLOWS]
    assert text.count("```mermaid\n") == len(FLOWS)
