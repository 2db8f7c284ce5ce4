"""Parts of sentences whose wording follows from findings: one function each, so that every case has a test."""

from collections.abc import Mapping, Sequence

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
