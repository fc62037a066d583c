"""Writes docs/reference/voice-prompts.md: ``python -m tests.docs.prompts_page``, or ``make docs``."""

from collections.abc import Iterator
from pathlib import Path

from gateway.texts import Catalog
from handlers.base.outcome import Text
from rating.subscriber import Language
from ussd_menus.prompts.diagram import mermaid
from ussd_menus.prompts.engine import AHEAD_MAX, WORDS_MAX
from ussd_menus.prompts.model import ASKED_MAX, DIGITS_MAX, Flow
from ussd_menus.prompts.registry import FLOWS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "voice-prompts.md"
_CATALOG = Catalog.load()
_INTRO = f"""\
# Voice prompts

What a caller hears and which keys lead where. The page is made by `make docs` from the flows in
`ussd_menus/prompts/flows`, and a test fails when it is behind. How flows work inside:
[USSD menus](../explanation/menus.md#prompts-of-voice-calls).

| pressed or said | does |
| --- | --- |
| digits, then `#` or `*`, as the prompt says | answer; the other one of the two keys is a digit too |
| nothing, nothing before the end, or more than {DIGITS_MAX} digits | asked {ASKED_MAX} times, then given up |
| one key | chooses; any other key, or silence, is asked {ASKED_MAX} times, then given up |
| words | fill a name, cut at {WORDS_MAX} characters; silence or `#` leaves it out |
| keys pressed ahead | up to {AHEAD_MAX} answer the next prompts for digits, which are then not said |

What is chosen must have been heard: keys that were pressed ahead never choose, and a choice, a refusal or a
prompt that is said again drops them. In the record of a call secret keys, and keys that nobody asked for, are
`***`.

Leaning boxes ask; rounded ones are commands of the [service](services.md), whose answer is spoken; a box with
double sides rings somebody; a rhomb asks nobody. Circles are the cause with which the leg is released.
"""


def page() -> str:
    """The page as it should be."""
    return "\n".join((_INTRO, *(line for key, flow in FLOWS.items() for line in _part(key, flow))))


def _part(key: str, flow: Flow) -> Iterator[str]:
    yield f"## `{key}`\n"
    yield f"```mermaid\n{mermaid(flow, _words)}\n```\n"


def _words(text: Text) -> str:
    return _CATALOG.render(text, Language.EN)


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
