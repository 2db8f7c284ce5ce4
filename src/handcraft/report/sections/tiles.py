"""The blog post's tiles in the report, and a text as the tokenizer cuts it."""

from pathlib import Path
from typing import Any

from handcraft.report.escape import Markdown, escape, join
from handcraft.report.results import Results
from handcraft.report.sections import published
from handcraft.report.sections.explorer import explorer_link
from handcraft.report.values import Values
from handcraft.tokenizer.tokens import Vocabulary

TIE = 1e-6
"""Nats; weights that differ by less were the same before rounding."""


def tile(results: Results, values: Values, figures: Path, slug: str, token: str) -> dict[str, Any]:
    """A tile picture: its token, the word it speaks for most, whether that is the published one, its support.

    `word` is None where no weight is left: the penalty took them all, or the text is not a token.
    """
    weights = results.weights.get(token, {})
    theirs = {
        r["candidate"]: r["value"]
        for r in published.published_rows(results.metadata.confidence).values()
        if r["token"] == token
    }
    left = bool(weights) and max(weights.values()) - min(weights.values()) > TIE
    word = max(weights, key=lambda w: weights[w]) if left else None
    seeds = results.metadata.tiles_group == published.GROUP
    known = max(theirs, key=lambda w: theirs[w]) if theirs and seeds else None
    claim = next((c for c in results.claims.get("tokens", []) if c["token"] == token), None)
    spoken = next((c for c in (claim or {}).get("candidates", []) if c["candidate"] == word), None)
    # Weights that the penalty made zero are all the same once they are centred: none of them is "most against".
    least = min(weights.values(), default=0.0)
    lowest = [w for w, x in weights.items() if x - least < TIE]
    against = lowest[0] if len(lowest) == 1 else None
    name = f"token.{slug}"
    shown = [
        f"{w.strip()} {values.put(f'{name}.{w.strip()}.weight', x, 'logit')}" for w, x in weights.items()
    ]
    own = f"{name}.{(word or '').strip()}"
    return {
        # Part of a file name and of a label, so it goes in as it is: `Metadata` has looked at it.
        "slug": Markdown(slug),
        "token": token.strip() or token,
        "figure": Markdown(f"figures/tiles-{slug}.svg"),
        "drawn": (figures / f"tiles-{slug}.svg").is_file() and bool(weights),
        "word": word.strip() if word else None,
        "against": against.strip() if against else None,
        "published_word": known.strip() if known else None,
        "link": explorer_link(
            Markdown("Look at it"), results.metadata.tiles_group, token, results.metadata.length - 1
        ),
        "weight": values.put(f"{own}.weight", weights.get(str(word)), "logit"),
        "weights": join(shown),
        "contexts": values.put(f"{name}.contexts", claim["contexts"]) if claim else Markdown("–"),
        "share_of_word": _share(values, f"{own}.share_of_candidate", spoken),
        "share_of_token": _share(values, f"{own}.share_of_token", spoken),
    }


def _share(values: Values, name: str, counted: dict[str, Any] | None) -> Markdown | None:
    key = name.rsplit(".", 1)[1]
    return values.put(name, counted[key], "share", digits=0) if counted and counted[key] is not None else None


def tokens_of(results: Results, text: str) -> Markdown:
    """A text as this build's tokenizer cuts it: each token as code, with its spaces shown."""
    path = results.root / "tokenizer" / "tokenizer.json"
    if not path.is_file():
        return Markdown("")
    vocabulary = Vocabulary.read(path)
    shown = map(vocabulary.show, vocabulary.encode(text))
    return Markdown(" ".join(f"[{escape(piece)}]{{.token}}" for piece in shown))
