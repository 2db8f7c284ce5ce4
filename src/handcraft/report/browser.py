"""A browser page, driven over the DevTools protocol: headless Chromium as it is installed; nothing is downloaded."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

from handcraft.errors import UserError

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
WAIT = 30.0
"""Seconds for the browser to start, and for a condition to hold."""
ANSWER = 120.0
"""Seconds for one answer: axe takes several on a large page."""


class BrowserError(Exception):
    """The page or the browser did not do what was asked."""


def chromium() -> str | None:
    """The browser on PATH, if there is one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One tab: `requests` are all addresses it asked for, `errors` what went wrong in its scripts."""

    def __init__(self, socket: Any) -> None:
        self._socket, self._sent = socket, 0
        self.requests: list[str] = []
        self.errors: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, and its result; events that come in between are kept."""
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._sent:
                if "error" in message:
                    raise BrowserError(f"{method}: {message['error']}")
                return dict(message["result"])
            self._event(message)

    def _event(self, message: dict[str, Any]) -> None:
        metadata = message.get("params", {})
        if message["method"] == "Network.requestWillBeSent":
            self.requests.append(metadata["request"]["url"])
        elif message["method"] == "Runtime.exceptionThrown":
            thrown = metadata["exceptionDetails"]
            self.errors.append(
                str(thrown.get("exception", {}).get("description", thrown.get("text", thrown)))
            )
        elif message["method"] == "Log.entryAdded" and metadata["entry"]["level"] == "error":
            self.errors.append(metadata["entry"]["text"])

    def open(self, path: Path) -> None:
        """A file, from disk."""
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.wait("document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page, or of its promise."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise BrowserError(str(found["exceptionDetails"]))
        return found["result"].get("value")

    def wait(self, expression: str) -> None:
        """Until the expression holds."""
        until = time.monotonic() + WAIT
        while time.monotonic() < until:
            with contextlib.suppress(BrowserError):
                if self.evaluate(expression):
                    return
            time.sleep(0.02)
        raise BrowserError(f"never: {expression}")

    def screen(self, pixels: int, height: int, *, dark: bool = False, mobile: bool = False) -> None:
        """The screen's size in CSS pixels and the reader's colour scheme.

        On a `mobile` screen, a page that does not say that it fits is laid out 980 pixels wide, as phones do.
        """
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=pixels,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)

    def offline(self) -> None:
        """Cut the page off from the network; what it asks for is still in `requests`."""
        self.call(
            "Network.emulateNetworkConditions",
            offline=True,
            latency=0,
            downloadThroughput=0,
            uploadThroughput=0,
        )


@contextlib.contextmanager
def open_socket(folder: Path) -> Iterator[Any]:
    """A fresh browser with its profile below `folder`, and the socket of its one page; both end with the block.

    Raises `UserError` where there is no Chromium on PATH or it does not start.
    """
    program = chromium()
    if program is None:
        raise UserError(
            "there is no Chromium on PATH, which opens the page",
            where=f"PATH: {', '.join(NAMES)}",
            remedy="install it, on Debian or Ubuntu by `apt install chromium`; Google Chrome does as well",
        )
    try:
        import websocket
    except ImportError as error:
        raise UserError(
            "the Python package websocket-client, which talks to Chromium, is not installed",
            remedy="pip install websocket-client (or `make install`)",
        ) from error
    profile, log = folder / "profile", folder / "chromium.log"
    folder.mkdir(parents=True, exist_ok=True)
    with log.open("w") as file:
        process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        port = _port(profile / "DevToolsActivePort", process, log)
        socket = websocket.create_connection(
            f"ws://127.0.0.1:{port}/devtools/page/{_target(port)}",
            timeout=ANSWER,
            suppress_origin=True,
            http_no_proxy=["127.0.0.1"],
        )
        try:
            yield socket
        finally:
            socket.close()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _port(file: Path, process: "subprocess.Popen[bytes]", log: Path) -> int:
    until = time.monotonic() + WAIT
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError, IndexError, ValueError):
            return int(file.read_text().splitlines()[0])
        time.sleep(0.05)
    printed = log.read_text(errors="replace").strip()[-500:]
    raise UserError(
        "Chromium does not start", where=printed, remedy=f"see whether it can be run: {chromium()} --version"
    )


def _target(port: int) -> str:
    with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}/json/list", timeout=WAIT) as answer:
        return str(next(t["id"] for t in json.load(answer) if t["type"] == "page"))
