"""Stories of a split, read as a stream."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from handcraft.errors import UserError
from handcraft.files import note_read

if TYPE_CHECKING:
    import pyarrow.parquet as pq

BATCH = 1024  # stories read at a time


@contextmanager
def _opened(corpus: Path) -> "Iterator[pq.ParquetFile]":
    import pyarrow as pa
    import pyarrow.parquet as pq

    note_read(corpus)
    try:
        with pq.ParquetFile(corpus) as file:
            yield file
    except (OSError, pa.ArrowException) as error:
        raise UserError(
            f"cannot read this split of the corpus ({error})",
            where=str(corpus),
            remedy="delete the file and run snakemake again; it is rebuilt",
        ) from error


def corpus_size(corpus: Path) -> tuple[int, int]:
    """Stories of a split and the bytes of their text, from the file's metadata alone."""
    with _opened(corpus) as file:
        column, metadata = file.schema_arrow.get_field_index("text"), file.metadata
        groups = (metadata.row_group(i).column(column) for i in range(metadata.num_row_groups))
        return metadata.num_rows, sum(group.total_uncompressed_size for group in groups)


def story_batches(corpus: Path) -> Iterator[list[str]]:
    with _opened(corpus) as file:
        for batch in file.iter_batches(BATCH, columns=["text"], use_threads=False):
            yield batch.column(0).to_pylist()


def story_texts(corpus: Path) -> Iterator[str]:
    for batch in story_batches(corpus):
        yield from batch


def bound_threads(threads: int) -> None:
    """The threads of `tokenizers`, which reads them once, at its first parallel work."""
    os.environ.setdefault("RAYON_NUM_THREADS", str(threads))
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true" if threads > 1 else "false")
