"""A page as a browser without scripts sees it: its parts, its forms, and what readers would stumble over."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import httpx

#: What pages may load to follow what happens.
OUR_SCRIPTS = frozenset({"/parking/countdown.js"})
#: Elements without an end tag.
_VOID = frozenset({"meta", "link", "input", "br", "path"})
_CONTROLS = frozenset({"input", "select", "textarea"})
_HEADING = re.compile("h[1-6]")
_SPACES = re.compile(r"\s+")


@dataclass
class Element:
    """One element of a document, with the elements in it."""

    tag: str
    attrs: dict[str, str]
    children: list["Element"] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    def walk(self) -> Iterator["Element"]:
        """Itself and all in it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def text(self) -> str:
        """What is read in it; spaces, no-break ones too, count once."""
        return _SPACES.sub(" ", "".join(self.pieces)).strip()


class Document(HTMLParser):
    """Parses strictly: what is opened is closed, in order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]
        self.feed(source)
        self.close()
        assert len(self._open) == 1, f"never closed: {[each.tag for each in self._open[1:]]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        assert len(element.attrs) == len(attrs), f"an attribute twice in <{tag}>"
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.pieces.append(data)

    def all(self, tag: str = "", **attrs: str) -> list[Element]:
        """Elements of a tag whose attributes have these values (``class_`` for class)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attrs.items()}
        return [
            each
            for each in self.root.walk()
            if tag in ("", each.tag) and all(each.attrs.get(name) == value for name, value in wanted.items())
        ]

    def one(self, tag: str = "", **attrs: str) -> Element:
        """The only such element."""
        found = self.all(tag, **attrs)
        assert len(found) == 1, f"{len(found)} of <{tag}> {attrs}"
        return found[0]

    @property
    def main(self) -> str:
        """The text of the page's content."""
        return self.one("main").text

    @property
    def errors(self) -> list[str]:
        """The error summary, line by line."""
        return [item.text for box in self.all("div", role="alert") for item in box.walk() if item.tag == "li"]

    @property
    def facts(self) -> dict[str, str]:
        """The description list."""
        names = [each.text for each in self.all("dt")]
        return dict(zip(names, (each.text for each in self.all("dd")), strict=True))

    def form(self, action: str) -> Element:
        """The form that is sent there."""
        return self.one("form", action=action)

    def problems(self) -> list[str]:
        """What a reader of the page would stumble over (WCAG 2.2), or a policy without scripts would stop."""
        return [*self._ids(), *self._structure(), *self._controls(), *self._active()]

    def _ids(self) -> Iterator[str]:
        ids = Counter(each.attrs["id"] for each in self.root.walk() if "id" in each.attrs)
        yield from (f"id {name} {count} times" for name, count in ids.items() if count > 1)
        for each in self.root.walk():
            named = [each.attrs.get(name, "") for name in ("aria-describedby", "aria-labelledby", "for")]
            target = each.attrs.get("href", "")
            named += [target[1:]] if target.startswith("#") else []
            for name in " ".join(named).split():
                if name not in ids:
                    yield f"<{each.tag}> names #{name}, which is not there"

    def _structure(self) -> Iterator[str]:
        if not self.one("html").attrs.get("lang"):
            yield "no language"
        if not self.one("title").text or len(self.all("main")) != 1:
            yield "no title or no main part"
        levels = [int(each.tag[1]) for each in self.root.walk() if _HEADING.fullmatch(each.tag)]
        main = [int(each.tag[1]) for each in self.one("main").walk() if _HEADING.fullmatch(each.tag)]
        if levels.count(1) != 1:
            yield f"{levels.count(1)} first headings"
        started = main[main.index(1) :] if 1 in main else main
        if any(after > before + 1 for before, after in pairwise(started)):
            yield f"a level of headings is left out: {levels}"
        names = [each for each in self.all("nav") if not each.attrs.get("aria-label")]
        yield from ("a nav without a name" for _ in names)
        yield from ("a table without a caption" for each in self.all("table") if _lacks(each, "caption"))
        yield from (
            "a picture without words" for each in self.all(role="img") if "aria-label" not in each.attrs
        )

    def _controls(self) -> Iterator[str]:
        labelled = {each.attrs.get("for") for each in self.all("label") if each.text}
        for each in self.root.walk():
            if each.tag in _CONTROLS and each.attrs.get("type") != "hidden":
                if each.attrs.get("id") not in labelled:
                    yield f"{each.attrs.get('name')} has no label"
            elif each.tag in ("a", "button") and not each.text:
                yield f"an empty <{each.tag}>"
            elif each.tag == "fieldset" and _lacks(each, "legend"):
                yield "a fieldset without a legend"

    def _active(self) -> Iterator[str]:
        for each in self.root.walk():
            if each.tag in ("style", "iframe", "object") or "style" in each.attrs:
                yield f"<{each.tag}> with active content or style"
            if each.tag == "script" and (each.text or each.attrs.get("src") not in OUR_SCRIPTS):
                yield f"a script that is no file of ours: {each.attrs}"
            yield from (f"{name} of <{each.tag}>" for name in each.attrs if name.startswith("on"))
            if not each.attrs.get("href", "/").startswith(("/", "#")):
                yield f"a link to {each.attrs['href']}"


def _lacks(element: Element, tag: str) -> bool:
    return not any(each.tag == tag and each.text for each in element.walk())


def typed_into(form: Element) -> dict[str, str]:
    """What a browser would send for a form as it stands."""
    fields: dict[str, str] = {}
    for each in form.walk():
        name = each.attrs.get("name", "")
        if each.tag == "select":
            chosen = [option for option in each.children if "selected" in option.attrs] or each.children[:1]
            fields[name] = chosen[0].attrs["value"]
        elif each.tag == "input" and (each.attrs.get("type") != "radio" or "checked" in each.attrs):
            fields[name] = each.attrs.get("value", "")
    return fields


#: Sends one request (method, address, httpx's options) and follows no redirect.
Ask = Callable[..., httpx.Response]


class Browser:
    """Goes from page to page like a person: looks at forms, fills them in, follows redirects by GET."""

    def __init__(self, ask: Ask, origin: str) -> None:
        self._ask = ask
        self._origin = origin
        self.address = ""
        self.answer = httpx.Response(0)
        self.page = Document("")
        #: Every page that was seen, for looking through in the end.
        self.seen: list[tuple[str, Document]] = []

    def open(self, address: str) -> "Browser":
        """Type an address, or follow a link."""
        return self._show("GET", address)

    def send(self, action: str, button: Mapping[str, str] | None = None, /, **typed: str) -> "Browser":
        """Fill in the form of the page that is sent to ``action``, and press its button."""
        form = self.page.form(action)
        fields = typed_into(form) | typed | dict(button or {})
        if form.attrs.get("method") == "get":
            return self._show("GET", str(httpx.URL(action, params=fields)))
        return self.post(action, fields)

    def post(self, action: str, fields: Mapping[str, str]) -> "Browser":
        """Send a form as it is, also one that is not on the page (a reload, a second tab)."""
        return self._show("POST", action, data=dict(fields), headers={"origin": self._origin})

    def _show(self, method: str, address: str, **options: Any) -> "Browser":
        answer = self._ask(method, address, **options)
        if answer.status_code == 303:
            return self._show("GET", answer.headers["location"])
        self.address, self.answer = address, answer
        self.page = Document(answer.text)
        self.seen.append((f"{method} {address}", self.page))
        return self
