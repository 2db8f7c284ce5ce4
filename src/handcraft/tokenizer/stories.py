"""Stories of a split, read as a stream."""

import os
from collections.abc import Iterator
from pathlib import Path

from handcraft.errors import UserError
from handcraft.files import note_read

BATCH = 1024  # stories read at a time


def story_batches(corpus: Path) -> Iterator[list[str]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    note_read(corpus)
    try:
        with pq.ParquetFile(corpus) as file:
            for batch in file.iter_batches(BATCH, columns=["text"], use_threads=False):
                yield batch.column(0).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise UserError(
            f"cannot read this split of the corpus ({error})",
            where=str(corpus),
            remedy="delete the file and run snakemake again; it is rebuilt",
        ) from error


def story_texts(corpus: Path) -> Iterator[str]:
    for batch in story_batches(corpus):
        yield from batch


def bound_threads(threads: int) -> None:
    """The threads of `tokenizers`, which reads them once, at its first parallel work."""
    os.environ.setdefault("RAYON_NUM_THREADS", str(threads))
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true" if threads > 1 else "false")
