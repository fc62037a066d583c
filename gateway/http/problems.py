"""Errors of the control API: RFC 9457 problem details for everything that is not a success."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import (
    RequestValidationError,
    ValidationException,
    WebSocketRequestValidationError,
)
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gateway.clock import ClockError
from gateway.http.facade import Busy, RadioUnavailable, ResetRefused
from gateway.work import KeyReused
from handlers.base.outcome import Refusal, Text
from storage.errors import StoreError

MEDIA_TYPE = "application/problem+json"
#: What the OpenAPI document says of every operation's errors.
DOCUMENTED: dict[str, Any] = {
    "description": "Problem details (RFC 9457)",
    "content": {
        MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail"],
                "properties": {
                    **{
                        name: {"type": "string"}
                        for name in ("type", "title", "detail", "code", "command_status")
                    },
                    "status": {"type": "integer"},
                    "errors": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {name: {"type": "string"} for name in ("in", "field", "detail")},
                        },
                    },
                },
            }
        }
    },
}
_log = structlog.get_logger("gateway.http")

#: Refusals that are no conflict with the state (409), by their whole id or else its last word.
_STATUS_BY_ID: Mapping[str, int] = {"voucher.unknown": 422, "voucher.locked": 429}
#: Fields of commands that the API calls otherwise.
_FIELDS: Mapping[str, str] = {
    "opening_tiyn": "balance",
    "face_value_tiyn": "face_value",
    "balance_tiyn": "balance",
    "amount_tiyn": "amount",
}
_STATUS_BY_WORD: Mapping[str, int] = {"unknown": 404, "malformed": 422, "wrong_owner": 403}


class Problem(Exception):
    """Raise it anywhere below the API: it becomes the answer.

    ``code`` is a stable machine word, ``errors`` one item per field: ``{"in", "field", "detail"}``,
    ``members`` what this kind of problem tells besides.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str = "",
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        self.status = status
        self.detail = detail
        self.code = code
        self.errors = errors
        self.headers = headers
        self.members = members or {}
        super().__init__(detail)

    def content(self) -> dict[str, Any]:
        """The members of the problem object; empty extension members are left out."""
        kind = f"urn:shortcode:problem:{self.code}" if self.code else "about:blank"
        body: dict[str, Any] = {
            "type": kind,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.code:
            body["code"] = self.code
        if self.errors:
            body["errors"] = [dict(each) for each in self.errors]
        return body | dict(self.members)

    def response(self) -> JSONResponse:
        """The answer itself, usable outside FastAPI's handlers too."""
        headers = dict(self.headers) if self.headers else None
        return JSONResponse(self.content(), self.status, headers=headers, media_type=MEDIA_TYPE)


def not_found(what: str) -> Problem:
    """There is no such thing."""
    return Problem(404, f"there is no {what}", code="not_found")


def refused(refusal: Refusal, say: Callable[[Text], str]) -> Problem:
    """A command was refused: the refusal's id is the code, ``say`` puts its text into words."""
    last_word = refusal.id.rpartition(".")[2]
    status = 422 if refusal.fields else _STATUS_BY_ID.get(refusal.id) or _STATUS_BY_WORD.get(last_word, 409)
    errors = [
        {"in": "body", "field": _FIELDS.get(each.field, each.field), "detail": say(each.text)}
        for each in refusal.fields
    ]
    return Problem(status, say(refusal.text), code=refusal.id, errors=errors)


def install(app: FastAPI) -> None:
    """Answer every exception with a problem."""
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(WebSocketRequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)
    kinds: tuple[type[Exception], ...] = (Problem, *_KNOWN)
    for kind in kinds:
        app.add_exception_handler(kind, _on_known)


def problem_of(error: Exception) -> Problem | None:
    """The problem for an exception that is no bug."""
    if isinstance(error, Problem):
        return error
    make = next((make for kind, make in _KNOWN.items() if isinstance(error, kind)), None)
    return make(error) if make else None


#: For what may go well in a moment.
SOON = {"Retry-After": "1"}
_KNOWN: Mapping[type[Exception], Callable[[Exception], Problem]] = {
    KeyReused: lambda _: Problem(409, "the same was asked for before with another body", code="key_reused"),
    ClockError: lambda error: Problem(409, str(error), code="clock"),
    ResetRefused: lambda _: Problem(403, "reset is for the emulator mode only", code="reset_refused"),
    Busy: lambda _: Problem(503, "too much is waiting; ask again", code="busy", headers=SOON),
    RadioUnavailable: lambda error: Problem(503, str(error), code="radio", headers=SOON),
    StoreError: lambda _: Problem(503, "the store did not answer; ask again", code="store", headers=SOON),
}


async def _on_known(_request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, StoreError):
        _log.error("http.store_error", error=str(error))
    problem = problem_of(error)
    assert problem is not None  # noqa: S101 (install() registers these kinds only)
    return problem.response()


async def _on_validation(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ValidationException)  # noqa: S101 (as registered)
    fields = [_field(each) for each in error.errors()]
    wrong = "1 field is wrong" if len(fields) == 1 else f"{len(fields)} fields are wrong"
    return Problem(422, wrong, code="validation", errors=fields).response()


def _field(error: Mapping[str, Any]) -> dict[str, str]:
    """Where and what; never the input itself, for it may be a secret."""
    where, *path = (str(part) for part in error["loc"])
    if error["type"] == "json_invalid":
        return {"in": where, "field": "", "detail": f"not valid JSON near position {'.'.join(path)}"}
    return {"in": where, **field_error({**error, "loc": path})}


def field_error(error: Mapping[str, Any]) -> dict[str, str]:
    """One of pydantic's errors: which field, and what is wrong with it, without what was sent."""
    detail = _DETAILS.get(error["type"], str(error["msg"]))
    return {"field": ".".join(map(str, error["loc"])), "detail": detail.removeprefix("Value error, ")}


#: Where pydantic's own words would not help.
_DETAILS = {
    "extra_forbidden": "unknown field",
    "model_attributes_type": "give a JSON object: {...}",
    "missing": "is needed and not there",
}


async def _on_http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 (as registered)
    detail = _HTTP_DETAILS.get(error.status_code, error.detail)
    return Problem(error.status_code, detail, headers=error.headers).response()


_HTTP_DETAILS = {
    400: "the body cannot be read as JSON",
    404: "there is nothing at this address; /docs lists what there is",
    405: "this address does not take that method",
}


async def _on_bug(_request: Request, _error: Exception) -> JSONResponse:
    # Starlette raises the exception again, so that the server logs it with its traceback.
    return Problem(500, "something went wrong inside; it was logged").response()
