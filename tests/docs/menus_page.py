"""Writes docs/reference/menus.md: ``python -m tests.docs.menus_page``, or ``make docs``."""

from collections.abc import Iterator
from pathlib import Path

from gateway.texts import Catalog
from handlers.base.outcome import Text
from rating.subscriber import Language
from ussd_menus.diagram import mermaid
from ussd_menus.engine import WRONG_MAX
from ussd_menus.menu import Menu
from ussd_menus.registry import MENUS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "menus.md"
_CATALOG = Catalog.load()
_INTRO = f"""\
# Menus

The operator's USSD menus. The page is made by `make docs` from the trees in `ussd_menus/menus`, and a test
fails when it is behind. How menus work inside: [USSD menus](../explanation/menus.md).

| typed | does |
| --- | --- |
| the number of a line | goes there; a number keeps its meaning when a line above it is hidden |
| `0` | one screen back; on the first screen that screen again |
| `00` | to the first screen |
| `98`, `99` | next and previous page of a screen with more than 182 septets or 80 UCS-2 characters |
| anything else, or nothing | the same screen with a reason, {WRONG_MAX} times, then the end |

A path is dialled at once: `*911*2*2#` leads where `*911#`, `2`, `2` lead, and `*110*CODE#` has answered the
only question there is. What a menu does not know of is read by the rules of its [service](services.md), as
`*100*LANG*RU#` is; a menu that has no service of its own yet shows the last screen that the path reached, and
why. Some lines are only for some subscribers; to all others such a number is a wrong choice.

Rounded boxes are commands, whose answer is the last screen; dashed ones belong to services that are not
connected yet, and say so.
"""


def page() -> str:
    """The page as it should be."""
    return "\n".join((_INTRO, *(line for menu in MENUS for line in _part(menu))))


def _part(menu: Menu) -> Iterator[str]:
    yield f"## `{menu.service_code}#`\n"
    yield f"```mermaid\n{mermaid(menu, _words)}\n```\n"


def _words(text: Text) -> str:
    return _CATALOG.render(text, Language.EN)


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
