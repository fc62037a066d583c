"""A real browser, driven over WebDriver (W3C), where Chromium and its driver are installed."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.waiting import until

_STARTED = re.compile(r"started successfully on port (\d+)")
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
TAB, ENTER = "\ue004", "\ue007"


def is_here() -> bool:
    """Whether both programs are installed."""
    return all(shutil.which(name) for name in ("chromium", "chromedriver"))


class WebDriver:
    """One window of one browser."""

    def __init__(self, port: int, folder: Path) -> None:
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False)
        arguments = ["--headless=new", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")  # Chromium's own does not work for root
        options = {"args": arguments, "binary": shutil.which("chromium")}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options}
        wanted["goog:loggingPrefs"] = {"browser": "ALL"}
        session = self._ask("POST", "/session", capabilities={"alwaysMatch": wanted})
        self._path = f"/session/{session['sessionId']}"

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        answer = self._http.request(method, path, json=body if method == "POST" else None)
        value = answer.json()["value"]
        assert answer.status_code == 200, value
        return value

    def open(self, address: str) -> None:
        """Type an address."""
        self._ask("POST", f"{self._path}/url", url=address)

    @property
    def address(self) -> str:
        """Where it is."""
        return str(self._ask("GET", f"{self._path}/url"))

    def resize(self, width: int, height: int) -> None:
        """The viewport, by way of the window."""
        self._ask("POST", f"{self._path}/window/rect", width=width, height=height)
        frame = width - self.run("return window.innerWidth")
        self._ask("POST", f"{self._path}/window/rect", width=width + frame, height=height)

    def run(self, script: str) -> Any:
        """Look into the page; the page's own policy does not concern the driver."""
        return self._ask("POST", f"{self._path}/execute/sync", script=script, args=[])

    def focused(self, attribute: str) -> str:
        """An attribute of what has the focus."""
        return str(self.run(f"return document.activeElement.getAttribute('{attribute}')"))

    def read(self, selector: str) -> str:
        """The text of one element, nothing while it is not there."""
        found = f"document.querySelector('{selector}')"
        return str(self.run(f"return {found} ? {found}.innerText.trim() : ''"))

    def type(self, selector: str, text: str) -> None:
        """Keys, into one element."""
        body = {"using": "css selector", "value": selector}
        element = self._ask("POST", f"{self._path}/element", **body)[_ELEMENT]
        self._ask("POST", f"{self._path}/element/{element}/value", text=text)

    def click(self, selector: str) -> None:
        """Click one element."""
        body = {"using": "css selector", "value": selector}
        element = self._ask("POST", f"{self._path}/element", **body)[_ELEMENT]
        self._ask("POST", f"{self._path}/element/{element}/click")

    def back(self) -> None:
        """The back button."""
        self._ask("POST", f"{self._path}/back")

    def reload(self) -> None:
        """The reload button."""
        self._ask("POST", f"{self._path}/refresh")

    def complaints(self) -> list[str]:
        """What the browser wrote to its console, broken policies among it, but for statuses of answers."""
        lines = [line["message"] for line in self._ask("POST", f"{self._path}/se/log", type="browser")]
        return [line for line in lines if "the server responded with a status of" not in line]

    def close(self) -> None:
        """End the browser."""
        self._ask("DELETE", self._path)
        self._http.close()


@contextmanager
def web_driver(folder: Path) -> Iterator[WebDriver]:
    """A browser on a profile of its own; it is ended in any case."""
    log = folder / "chromedriver.log"
    command = [str(shutil.which("chromedriver")), "--port=0"]
    with (
        log.open("wb") as out,
        subprocess.Popen(command, stdout=out, stderr=out) as process,  # noqa: S603 - as found on the PATH
    ):
        try:
            started = until(lambda: _STARTED.findall(log.read_text()), "chromedriver listens")
            driver = WebDriver(int(started[0]), folder)
            try:
                yield driver
            finally:
                driver.close()
        finally:
            process.terminate()
