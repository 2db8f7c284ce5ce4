"""A real browser, driven over the DevTools protocol: headless Chromium as it is installed, and nothing downloaded."""

import base64
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

import websocket

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
]  # fmt: skip
WAIT = 30.0
# The least contrast (WCAG) of any text on its ground.
CONTRAST = """(() => {
  const light = (c) => c.match(/[\\d.]+/g).slice(0, 3).map((x) => (c.startsWith('color') ? Number(x) : x / 255))
    .map((x) => (x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4))
    .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor;
      if (!c.endsWith(', 0)')) return c;
    }
    return 'rgb(255, 255, 255)';
  };
  let least = 21;
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !e.offsetParent || e.matches(':disabled, kbd')) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))];
    least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return least;
})()"""


def chromium() -> str | None:
    """The browser on PATH, if there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Page:
    """One tab. `evaluate` runs an expression in the page; keys are pressed as a keyboard does."""

    def __init__(self, socket: websocket.WebSocket, downloads: Path) -> None:
        self._socket, self._sent, self.downloads = socket, 0, downloads
        self.requests: list[str] = []
        self.errors: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, and its result; events that come in between are kept."""
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._sent:
                assert "error" not in message, f"{method}: {message['error']}"
                return dict(message["result"])
            self._event(message)

    def _event(self, message: dict[str, Any]) -> None:
        metadata = message.get("params", {})
        if message["method"] == "Network.requestWillBeSent":
            self.requests.append(metadata["request"]["url"])
        elif message["method"] == "Runtime.exceptionThrown":
            self.errors.append(str(metadata["exceptionDetails"].get("exception", metadata)))
        elif message["method"] == "Log.entryAdded" and metadata["entry"]["level"] == "error":
            self.errors.append(metadata["entry"]["text"])

    def open(self, path: Path) -> None:
        """A file, from disk."""
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.wait("document.readyState === 'complete'")

    def reload(self) -> None:
        self.evaluate("window.before = true")
        self.call("Page.reload")
        self.wait("!window.before && document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, expression: str) -> None:
        """Until the expression holds."""
        until = time.monotonic() + WAIT
        while time.monotonic() < until:
            with contextlib.suppress(AssertionError):
                if self.evaluate(expression):
                    return
            time.sleep(0.02)
        raise AssertionError(f"never: {expression}")

    def press(self, key: str, **more: Any) -> None:
        """One key: a character, or a name such as Enter, Tab or Backspace."""
        named = {"Enter": (13, "\r"), "Tab": (9, ""), "Backspace": (8, ""), " ": (32, " ")}
        code, text = named.get(key, (ord(key.upper()) if len(key) == 1 else 0, key if len(key) == 1 else ""))
        metadata = {"key": key, "windowsVirtualKeyCode": code, **more}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **metadata)
        self.call("Input.dispatchKeyEvent", type="keyUp", **metadata)

    def type(self, text: str) -> None:
        for character in text:
            self.press(character)

    def text(self, id: str) -> str:
        """What is seen of an element."""
        return str(self.evaluate(f"document.getElementById({json.dumps(id)}).innerText"))

    def focused(self) -> str:
        """The id of the element that has the keyboard."""
        return str(self.evaluate("document.activeElement.id"))

    def shown(self) -> str:
        """The id of the section on the screen."""
        return str(self.evaluate("document.querySelector('main > section:not([hidden])').id"))

    def width(self, pixels: int, height: int, dark: bool = False) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=pixels,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def downloaded(self, name: str) -> Path:
        """A file that the page gave out."""
        until = time.monotonic() + WAIT
        while not (self.downloads / name).is_file() and time.monotonic() < until:
            time.sleep(0.02)
        return self.downloads / name


@contextlib.contextmanager
def new_page(folder: Path) -> Iterator[Page]:
    """A fresh browser with its profile and downloads below `folder`, ended with the block."""
    profile, downloads = folder / "profile", folder / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    with (folder / "chromium.log").open("w") as log:
        process = subprocess.Popen(
            [str(chromium()), *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        port = _port(profile / "DevToolsActivePort", process)
        address = f"ws://127.0.0.1:{port}/devtools/page/{_target(port)}"
        socket = websocket.create_connection(
            address, timeout=WAIT, suppress_origin=True, http_no_proxy=["127.0.0.1"]
        )
        try:
            yield Page(socket, downloads)
        finally:
            socket.close()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _port(file: Path, process: "subprocess.Popen[bytes]") -> int:
    until = time.monotonic() + WAIT
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError, IndexError, ValueError):
            return int(file.read_text().splitlines()[0])
        time.sleep(0.05)
    raise AssertionError(f"chromium did not start: {file.parent.parent / 'chromium.log'}")


def _target(port: int) -> str:
    from urllib.request import ProxyHandler, build_opener

    with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}/json/list", timeout=WAIT) as answer:
        return str(next(t["id"] for t in json.load(answer) if t["type"] == "page"))
