"""What counts as an occurrence moves the figures: whole words and any token, side by side.

By word, a candidate's token that is followed by a token which continues the word (" or" + "ange") is left
out; by token it is kept. The share left out is said beside what it changes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from handcraft.errors import UserError
from handcraft.files import read_csv, read_json, write_csv

COLUMNS = (
    "group", "predictor", "title", "accuracy_word", "loss_word", "n_word",
    "accuracy_token", "loss_token", "n_token", "dropped_share",
)  # fmt: skip


def evaluate_occurrence(pairs: Sequence[tuple[str, Path, Path, Path]], *, output: Path) -> None:
    """Write one row for each group and predictor, in the order of `pairs` and of the tables in them.

    `pairs` lists (group, metrics by word, metrics by token, summary of the contexts of either). Accuracy is
    a share, loss is in nats; `n_word` and `n_token` are test contexts; `dropped_share` is the
    share of the candidates' tokens in the test split that are not whole words. What only one of the two has
    is empty in the other.
    """
    rows: list[dict[str, Any]] = []
    for group, word, token, summary in pairs:
        found = {"word": _scores(word), "token": _scores(token)}
        dropped = _dropped_share(summary)
        for predictor in found["word"] | found["token"]:
            row: dict[str, Any] = {"group": group, "predictor": predictor, "dropped_share": dropped}
            for match, table in found.items():
                one = table.get(predictor, {})
                row["title"] = row.get("title") or one.get("title")
                row |= {f"{key}_{match}": one.get(key) for key in ("accuracy", "loss", "n")}
            rows.append(row)
    write_csv(output, rows, COLUMNS)


def _scores(path: Path) -> dict[str, dict[str, Any]]:
    """Accuracy, loss, n and title of every predictor in a table of metrics."""
    found: dict[str, dict[str, Any]] = {}
    try:
        for row in read_csv(path):
            one = found.setdefault(str(row["predictor"]), {"title": row["title"], "n": row["n"]})
            one[row["metric"]] = row["value"]
    except KeyError as error:
        raise _damaged(path, error) from error
    return found


def _dropped_share(path: Path) -> float | None:
    """Share of the candidates' tokens in the test split, all together, that are not whole words."""
    try:
        counts = read_json(path)["splits"]["test"]["candidates"].values()
        token, word = (sum(one[match] for one in counts) for match in ("token", "word"))
    except (KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, error) from error
    return 1 - word / token if token else None


def _damaged(path: Path, error: Exception) -> UserError:
    return UserError(
        f"this artifact lacks {error}",
        where=str(path),
        remedy="delete the file and run snakemake again; it is rebuilt",
    )
