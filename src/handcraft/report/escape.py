"""The one filter for text that we did not write (stories, words, titles) on its way into a .qmd."""

import re
import unicodedata
from collections.abc import Sequence


class Markdown(str):
    """Text that is Markdown already: written here, or escaped. Anything else is escaped where it is put in."""

    __slots__ = ()


def escape(text: object) -> Markdown:
    """`text` as Markdown that shows exactly that text, in Pandoc and in Quarto, in HTML and in Typst.

    Every character that is neither a letter nor a digit becomes a numeric entity, so that none can open markup, a
    citation, a shortcode, a tag or a table cell. White space becomes single spaces; control and formatting
    characters (also those that reverse the direction of text) become the replacement character.
    Never put the result inside a code span: entities are not decoded there.
    """
    if isinstance(text, Markdown):
        return text
    spaced = re.sub(r"\s+", " ", str(text))
    return Markdown("".join(map(_character, spaced)))


def _character(c: str) -> str:
    kind = unicodedata.category(c)
    if c == " " or (c.isascii() and c.isalnum()) or (kind[0] in "LM" and not c.isascii()):
        return c
    if kind[0] == "C":
        return "&#65533;"
    return f"&#{ord(c)};"


def join(parts: Sequence[str], last: str = " and ") -> Markdown:
    """`a, b and c`, each escaped."""
    shown = [escape(p) for p in parts]
    if len(shown) < 2:
        return Markdown("".join(shown))
    return Markdown(", ".join(shown[:-1]) + last + shown[-1])
