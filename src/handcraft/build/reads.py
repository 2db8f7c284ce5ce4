"""A checked mode of jobs: a rule's inputs are the files that its job reads, no more and no fewer."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from handcraft.errors import UserError

CHECK = "HANDCRAFT_CHECK_INPUTS"
"""Environment variable: with `1`, a job fails that reads other files than its rule declares."""
UNREAD = {
    ("render_pdf", "after"): "order only: two renders at once meet in Quarto's caches",
    ("build_record", "source"): "order only: records of the other jobs are there by then",
    ("build_record", "explorer"): "order only, as its source",
    ("fill_report", "words"): "order only: there is no report where a word of the config is not a token",
    ("fill_report", "labelling"): "the report names these pages, so they are made with it",
    ("retrieve_causal_lm", "files"): "transformers chooses what it reads of a model's directory",
    ("predict_causal_lm", "files"): "transformers chooses what it reads of a model's directory",
    ("retrieve_corpus", "files"): "read natively where they are Parquet",
}
"""Inputs, as (rule, name), that a job need not read, and why."""
UNDECLARED = {
    "fill_report": (
        "provenance",
        "records of jobs: each was written with a declared input, or with one behind it",
    ),
    "build_record": (
        "provenance",
        "records of jobs: each was written with a declared input, or with one behind it",
    ),
}
"""Folders below `results/` that a rule's job may read although they are not inputs, and why."""


@contextmanager
def checked_reads(snakemake: Any) -> Iterator[None]:
    """Where the environment asks for it, compare the files that the block reads with the inputs of the rule.

    Undeclared files count below `results/` only; outputs may be read back. Raises `UserError` that lists the files.
    Files that a library opens without Python are seen where `handcraft.files.note_read` tells of them; those of
    child processes are not seen.
    """
    if os.environ.get(CHECK) != "1":
        yield
        return
    opened, listening = set[Path](), True

    def listen(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" or not listening:
            return
        path, _, flags = arguments
        if isinstance(path, str | os.PathLike) and flags & os.O_ACCMODE != os.O_WRONLY:
            opened.add(Path.cwd() / path)

    sys.addaudithook(listen)  # there is no way to remove one
    try:
        yield
    finally:
        listening = False
    undeclared, unread = compare(
        snakemake.rule,
        {path.resolve() for path in opened},
        inputs={
            name: [value] if isinstance(value, str) else list(value)
            for name, value in snakemake.input.items()
        },
        outputs=[str(p) for p in snakemake.output],
    )
    if undeclared or unread:
        lines = [f"reads {path}, which is not an input" for path in undeclared]
        lines += [f"declares {path}, which it does not read" for path in unread]
        raise UserError(
            "inputs and files read differ:\n" + "\n".join(lines),
            where=f"rule {snakemake.rule}",
            remedy="fix the rule's input, or list an exception with its reason in handcraft/build/reads.py",
        )
    print(f"{CHECK}: read its inputs and nothing else below results/")


def compare(
    rule: str, opened: set[Path], *, inputs: dict[str, list[str]], outputs: list[str]
) -> tuple[list[str], list[str]]:
    """Opened files (resolved) below `results/` that are neither input nor output; inputs that were not opened."""
    results = Path("results").resolve()
    declared = {Path(p).resolve() for p in [*(p for own in inputs.values() for p in own), *outputs]}
    if rule in UNDECLARED:
        declared.add(results / UNDECLARED[rule][0])
    undeclared = [
        str(path.relative_to(results.parent))
        for path in sorted(opened)
        if results in path.parents and path.is_file() and declared.isdisjoint([path, *path.parents])
    ]
    # Of a directory, one file at least.
    touched = opened | {parent for path in opened for parent in path.parents}
    unread = [
        path
        for name, own in inputs.items()
        for path in own
        if (rule, name) not in UNREAD and Path(path).resolve() not in touched
    ]
    return undeclared, unread
