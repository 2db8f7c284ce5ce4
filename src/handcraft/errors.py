"""The one error for the person who can fix it: what is wrong, where, and what to do; and what led to an error."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any


class UserError(Exception):
    """Something outside the code is wrong (a config key, an input file, a missing model).

    `what` says what is wrong, `where` names file, key or line, `remedy` says what to do about it.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what, self.where, self.remedy = what, where, remedy
        parts = [what]
        if where:
            parts.append(f"  where:  {where}")
        if remedy:
            parts.append(f"  remedy: {remedy}")
        super().__init__("\n".join(parts))


def error_chain(error: BaseException) -> list[BaseException]:
    """An error and all that led to it."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    return chain


def nearest(name: str, valid: Sequence[str] | Mapping[str, Any]) -> str:
    """`; did you mean 'x'?`, or all valid names where none is near."""
    names = list(valid)
    if near := difflib.get_close_matches(name, names, 1, 0.5):
        return f"; did you mean {near[0]!r}?"
    return f"; valid here: {', '.join(names)}" if names else ""
