"""Label files that tests make up. They live in tests alone: none is ever committed under human/."""

import csv
from collections.abc import Sequence
from pathlib import Path

from handcraft.people.labels import COLUMNS


def label_rows(
    sample: str, checksum: str, contexts: Sequence[int], answers: Sequence[str]
) -> list[dict[str, object]]:
    """Rows of one sample, answered in its order, one second more for each."""
    return [
        {"sample": sample, "checksum": checksum[:16], "context": c, "answer": a, "seconds": 1.5 + i, "place": i + 1}
        | {"seed": 7}
        for i, (c, a) in enumerate(zip(contexts, answers, strict=True))
    ]  # fmt: skip


def write_labels(path: Path, rows: Sequence[dict[str, object]], columns: Sequence[str] = COLUMNS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path
