"""What all pages share: headers, policy, sign-in, problems."""

from base64 import b64encode

import pytest
from fastapi import APIRouter, FastAPI

from gateway.http.facade import Busy
from gateway.http.guard import FORM_OCTETS_MAX
from gateway.pages.layout import PageRoute, page
from storage.errors import StoreUnavailable
from tests.gateway.pages.browser import Browser, Document
from tests.gateway.pages.conftest import ORIGIN, AsgiClient, MakeClient
from tests.gateway.stand import Stand

TOKEN = "t0ken-of-the-operator-ү"
PAGES = ["/bank", "/bank/cards/new", "/bank/behaviour", "/terminal", "/bank/nothing"]


def basic(password: str, name: str = "anyone") -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"{name}:{password}".encode()).decode()}


@pytest.mark.parametrize("address", PAGES)
def test_a_page_runs_no_scripts_loads_nothing_from_elsewhere_and_is_not_kept(
    browser: Browser, address: str
) -> None:
    headers = browser.open(address).answer.headers
    assert headers["content-type"] == "text/html; charset=utf-8"
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "script" not in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


def test_forms_are_sent_with_their_origin(browser: Browser) -> None:
    """With ``no-referrer`` a browser sends ``Origin: null``, and the guard would refuse every form."""
    assert browser.open("/terminal").answer.headers["referrer-policy"] == "same-origin"


def test_the_style_sheet_is_served_and_named(browser: Browser, make_client: MakeClient) -> None:
    assert browser.open("/bank").page.one("link").attrs["href"] == "/pages.css"
    sheet = make_client().request("GET", "/pages.css")
    assert (sheet.status_code, sheet.headers["content-type"]) == (200, "text/css; charset=utf-8")


def test_pages_are_no_part_of_the_api_document(make_client: MakeClient) -> None:
    paths = make_client().request("GET", "/openapi.json").json()["paths"]
    assert not [path for path in paths if path.startswith(("/bank", "/terminal", "/parking", "/pages"))]


@pytest.mark.parametrize("address", ["/bank/", "/terminal/", "/parking/"])
def test_a_slash_too_many_is_forgiven(browser: Browser, address: str) -> None:
    assert browser.open(address).address == address.rstrip("/")


def test_a_form_of_another_origin_is_refused_and_says_so_as_a_page(make_client: MakeClient) -> None:
    answer = make_client().request(
        "POST", "/bank/behaviour", data={"mode": "never"}, headers={"origin": "http://evil.example"}
    )
    assert answer.status_code == 403
    assert "another origin" in Document(answer.text).main


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"mode": "never"}', "application/json", 415),
        (b"mode=never", "text/plain", 415),
        (b"mode=never", "multipart/form-data; boundary=x", 415),
        (b"m=" + b"x" * FORM_OCTETS_MAX, "application/x-www-form-urlencoded", 413),
    ],
)
def test_a_body_that_is_no_form_or_too_large_is_refused(
    make_client: MakeClient, content: bytes, kind: str, status: int
) -> None:
    headers = {"content-type": kind, "origin": ORIGIN}
    answer = make_client().request("POST", "/bank/behaviour", content=content, headers=headers)
    assert answer.status_code == status
    assert Document(answer.text).problems() == []


def test_a_form_is_no_body_for_the_api(make_client: MakeClient) -> None:
    """What keeps pages elsewhere from using it."""
    answer = make_client().request("POST", "/api/v1/cards", data={"msisdn": "1"})
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type")


# -- sign-in ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("wrong"),
        basic(""),
        basic("x", TOKEN),
        {"authorization": f"Basic {TOKEN.encode().hex()}"},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic"},
        {"authorization": "Digest x"},
    ],
)
def test_with_a_token_the_pages_ask_for_it_as_a_password(
    make_client: MakeClient, headers: dict[str, str]
) -> None:
    client = make_client(TOKEN)
    for address in (*PAGES, "/pages.css", "/terminal/slips/x", "/parking", "/parking/countdown.js"):
        answer = client.request("GET", address, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Basic realm="Shortcode", charset="UTF-8"'
        assert TOKEN not in answer.text
        assert "the API token as the password" in Document(answer.text).main


def test_the_token_as_password_opens_the_pages(stand: Stand, make_client: MakeClient) -> None:
    client = make_client(TOKEN)
    for address in ("/bank", "/terminal", "/parking", "/parking/countdown.js", "/pages.css"):
        assert client.request("GET", address, headers=basic(TOKEN)).status_code == 200
    bearer = {"authorization": b"Bearer " + TOKEN.encode()}
    assert client.request("GET", "/bank", headers=bearer).status_code == 200
    assert stand.replies() == []


@pytest.mark.parametrize(
    "address", ["/api/v1/cards", "/docs", "/metrics", "/bankrupt", "/api/v1/parking/zones"]
)
def test_the_password_opens_nothing_else(make_client: MakeClient, address: str) -> None:
    """A browser adds it by itself to whatever it is told to load from here."""
    answer = make_client(TOKEN).request("GET", address, headers=basic(TOKEN))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


# -- problems --------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [Busy(), StoreUnavailable("cannot read /var/secret.db")])
def test_what_may_go_well_in_a_moment_is_a_page_that_says_so(error: Exception) -> None:
    answer = failing(error).request("GET", "/bank")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "send the form again in a moment" in Document(answer.text).main
    assert "secret" not in answer.text


def test_a_bug_is_no_page() -> None:
    """It is raised, so that the server logs it."""
    with pytest.raises(ZeroDivisionError):
        failing(ZeroDivisionError()).request("GET", "/bank")


def failing(error: Exception) -> AsgiClient:
    router = APIRouter(route_class=PageRoute)

    @router.get("/bank")
    async def fail() -> None:
        raise error

    app = FastAPI()
    app.include_router(router)
    return AsgiClient(app)


def test_a_template_that_names_what_is_not_there_fails_instead_of_showing_nothing() -> None:
    with pytest.raises(Exception, match="undefined"):
        page("bank.html")
