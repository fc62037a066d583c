"""``/docs``: the operations of ``/openapi.json`` as one page, without scripts and without other hosts."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter()
_METHODS = ("get", "post", "put", "patch", "delete")
_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"}
_STYLE = """
body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
h2{margin:2rem 0 .25rem;font-size:1.05rem}code{background:#f1f1f1;padding:.1rem .3rem}
table{border-collapse:collapse;margin:.5rem 0}td,th{text-align:left;padding:.15rem .8rem .15rem 0;
vertical-align:top}th{font-weight:600}
"""


@router.get("/docs", include_in_schema=False)
async def show_docs(request: Request) -> HTMLResponse:
    """The page."""
    return HTMLResponse(page(request.app.openapi()), headers=_POLICY)


def page(document: Mapping[str, Any]) -> str:
    """An OpenAPI document as HTML: each operation with its parameters and body."""
    title = escape(document["info"]["title"])
    operations = "\n".join(_operations(document))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<main><h1>{title}</h1><p>{escape(document['info'].get('description', ''))}</p>"
        '<p>For tools: <a href="/openapi.json">openapi.json</a></p>'
        f"{operations}</main></body></html>"
    )


def _operations(document: Mapping[str, Any]) -> Iterator[str]:
    for path, item in document["paths"].items():
        for method in (each for each in _METHODS if each in item):
            operation = item[method]
            heading = f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
            text = f"<p>{escape(operation.get('description', ''))}</p>"
            yield heading + text + _table(_fields(operation, document))


def _fields(operation: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for each in operation.get("parameters", ()):
        yield each["name"], each["in"], each.get("description", "")
    content = operation.get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    body = document.get("components", {}).get("schemas", {}).get(reference.rpartition("/")[2], {})
    for name in body.get("properties", {}):
        yield name, "body", "required" if name in body.get("required", ()) else ""


def _table(rows: Iterator[tuple[str, str, str]]) -> str:
    cells = [
        f'<tr><th scope="row"><code>{escape(name)}</code></th>'
        f"<td>{escape(where)}</td><td>{escape(note)}</td></tr>"
        for name, where, note in rows
    ]
    return f"<table>{''.join(cells)}</table>" if cells else ""
