"""A figure as it is before it is written."""

from typing import Any

import pytest


def drawn(monkeypatch: pytest.MonkeyPatch, module: Any, draw: Any) -> Any:
    """The figure that `draw` gives to the `save_svg` of `module`."""
    found: dict[str, Any] = {}
    monkeypatch.setattr(module, "save_svg", lambda figure, _: found.update(figure=figure))
    draw()
    monkeypatch.undo()
    return found["figure"]
