"""The browser of `handcraft check-html` with what only tests do: press keys, save files, take pictures."""

import base64
import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handcraft.report import browser
from handcraft.report.browser import WAIT, open_socket
from handcraft.report.check_html import page_script


class Page(browser.Page):
    """One tab. Keys are pressed as a keyboard does; what the page gives out goes to `downloads`."""

    def __init__(self, socket: Any, downloads: Path) -> None:
        super().__init__(socket)
        self.downloads = downloads
        downloads.mkdir(parents=True, exist_ok=True)
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))

    def reload(self) -> None:
        self.evaluate("window.before = true")
        self.call("Page.reload")
        self.wait("!window.before && document.readyState === 'complete'")

    def low_contrast(self) -> list[str]:
        """The texts whose contrast is below 4.5 in what is shown now."""
        found = self.evaluate(f"{page_script()} JSON.stringify(handcraft.contrast())")
        return [" ".join(fault) for fault in json.loads(found)]

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
        self.screen(pixels, height, dark=dark)

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
    with open_socket(folder) as socket:
        yield Page(socket, folder / "downloads")
