"""Parts of sentences whose wording follows from findings: one function each, so that every case has a test."""

from collections.abc import Mapping, Sequence
from typing import Any

from handcraft.report.escape import Markdown, escape, join


def compared(found: Mapping[str, Sequence[str]], other: str) -> Markdown:
    """How one predictor compares with `other` over groups, to follow "is": better, worse, not detectably different.

    `found` has the groups' titles by verdict (`Context.sort_groups`); empty where no group was compared.
    """
    parts: list[str] = []
    for verdict, words, link in (
        ("better", "**better**", "than"),
        ("worse", "**worse**", "than"),
        ("level", "**not detectably different**", "from"),
    ):
        if found[verdict]:
            named = f" {link} {escape(other)}" if not parts else ""
            parts.append(f"{words}{named} on {join(list(found[verdict]))}")
    return Markdown("; ".join(parts))


def by_verdict(found: Mapping[str, Sequence[str]], other: str = "", **sentences: str) -> Markdown:
    """One sentence a verdict, in the order given; verdicts without a group are left out.

    `found` has the groups' titles by verdict, `sentences` the wording of each: `{}` stands for the groups and
    `{other}` for the predictor compared with.
    """
    parts = [
        text.replace("{}", join(list(found[key]))).replace("{other}", escape(other))
        for key, text in sentences.items()
        if found[key]
    ]
    return Markdown(" ".join(parts))


def tile_weights(tile: Mapping[str, Any]) -> Markdown:
    """What the tiles of one token show: the candidate that it speaks most for and the one that it speaks against."""
    token = escape(tile["token"])
    if not tile["word"]:
        return Markdown(f"The penalty left “{token}” no weight in the last position")
    against = f" and most against “{escape(tile['against'])}”" if tile["against"] else ""
    weight = escape(tile["weight"])
    return Markdown(
        f"“{token}” as the last token speaks most for “{escape(tile['word'])}” ({weight} nats){against}"
    )


def tile_in_post(tile: Mapping[str, Any], planted: bool) -> Markdown:
    """How the tiles of one token compare with the blog post's picture; empty where it has none of this token."""
    if not (tile["word"] and tile["published_word"]):
        return Markdown("")
    if planted:
        word = escape(tile["published_word"])
        return Markdown(f"The post has “{word}” here, on other stories: not comparable.")
    if tile["published_word"] == tile["word"]:
        return Markdown("The post's picture shows the same.")
    return Markdown(f"The post's picture has “{escape(tile['published_word'])}” instead.")


def tiles_in_short(tiles: Sequence[Mapping[str, Any]], planted: bool) -> Markdown:
    """One clause for all tiles: which candidate each token speaks for, and whether the blog post says the same."""
    clauses = []
    for tile in tiles:
        if not tile["word"]:
            continue
        same = "as" if tile["published_word"] == tile["word"] else "not as"
        post = f", {same} in the post" if tile["published_word"] and not planted else ""
        clauses.append(
            f"“{escape(tile['token'])}” in the last position speaks most for “{escape(tile['word'])}”{post}"
        )
    return Markdown(", and ".join(clauses) or "The last position's weights of the post's tokens are all zero")
