"""The frame of every page: templates, headers, addresses, and how a problem looks to a person."""

from collections.abc import Callable, Coroutine
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute

from gateway.http.problems import Problem, problem_of
from gateway.pages import words
from storage.errors import StoreError

if TYPE_CHECKING:
    from jinja2 import Environment

_log = structlog.get_logger("gateway.pages")
_PACKAGE: Final = "gateway.pages"
_SHEET_S: Final = 3600
_SEE_OTHER: Final = 303
#: No scripts, nothing from elsewhere, no frames.
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: The same with our own script files, none in a page, and what these load from here.
_FOLLOWS: Final = f"{_POLICY}; script-src 'self'; connect-src 'self'"
#: ``same-origin``: with ``no-referrer`` a browser would send forms with ``Origin: null``, which the guard
#: refuses.
_SECURE: Final = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
#: A page has people's money on it, and its form a token that counts once.
_HEADERS: Final = _SECURE | {"Cache-Control": "no-store"}
Handle = Callable[[Request], Coroutine[Any, Any, Response]]


def page(template: str, status: int = 200, /, **data: object) -> HTMLResponse:
    """The page that a template makes of the data; everything in it is escaped."""
    content = _environment().get_template(template).render(data)
    return HTMLResponse(content, status, headers=_HEADERS)


def following(answer: HTMLResponse) -> HTMLResponse:
    """The page, which may run a script file of ours and follow what happens by asking for itself again."""
    answer.headers["Content-Security-Policy"] = _FOLLOWS
    return answer


def go(path: str, /, **query: str) -> RedirectResponse:
    """To be fetched next by GET: a reload then repeats nothing (POST, redirect, GET)."""
    target = f"{path}?{urlencode(query)}" if query else path
    return RedirectResponse(target, _SEE_OTHER, headers=_HEADERS)


def problem_page(problem: Problem) -> HTMLResponse:
    """What a person sees instead of problem details, with the same status and headers."""
    answer = page("problem.html", problem.status, problem=problem, title=HTTPStatus(problem.status).phrase)
    answer.headers.update(problem.headers or {})
    return answer


class PageRoute(APIRoute):
    """A route whose problems are pages."""

    def get_route_handler(self) -> Handle:
        """FastAPI's own, within."""
        handle = super().get_route_handler()

        async def shown(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:
                problem = _problem(error)
                if problem is None:
                    raise
                return problem_page(problem)

        return shown


def _problem(error: Exception) -> Problem | None:
    """The problem for an exception that is no bug."""
    if isinstance(error, RequestValidationError):
        return Problem(422, "this address has a part that is not right", code="validation")
    if isinstance(error, StoreError):
        _log.error("http.store_error", error=str(error))
    return problem_of(error)


@cache
def _environment() -> "Environment":
    # Most gateways never show a page: Jinja2 is loaded with the first one.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    made = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"money": words.money, "time": words.time, "number": words.number, "what": words.what}
    return made


router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/pages.css")
async def get_sheet() -> Response:
    """The style sheet of all pages."""
    return part("pages.css", "text/css")


def part(file: str, media_type: str) -> Response:
    """A file that pages load; a browser may keep it."""
    return Response(
        _read(file), media_type=media_type, headers=_SECURE | {"Cache-Control": f"max-age={_SHEET_S}"}
    )


@cache
def _read(file: str) -> bytes:
    return files(_PACKAGE).joinpath("templates", file).read_bytes()


#: Addresses below the pages that are none.
lost = APIRouter(include_in_schema=False, route_class=PageRoute)


@lost.api_route("/bank/{rest:path}", methods=["GET", "POST"])
@lost.api_route("/terminal/{rest:path}", methods=["GET", "POST"])
@lost.api_route("/parking/{rest:path}", methods=["GET", "POST"])
async def miss(rest: str, request: Request) -> Response:
    """Say so; a slash too many is forgiven."""
    if not rest:
        return go(request.url.path.rstrip("/"))
    raise Problem(404, "there is no page at this address", code="not_found")
