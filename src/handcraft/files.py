"""Reading and writing artifacts: whole or not at all, and the same bytes for the same content."""

import csv
import glob
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from handcraft.columns import COLUMN_TYPES
from handcraft.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]


@contextmanager
def whole_file(path: Path | str) -> Iterator[Path]:
    """Give a temporary path beside `path`, and move it there only when the block ends without an error."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        left.unlink(missing_ok=True)  # of a job that was killed
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        # safetensors writes files that only their owner can read; on a cluster others read them too.
        partial.chmod(0o666 & ~_umask())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path | str, text: str) -> None:
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path | str, content: Any) -> None:
    """JSON with sorted keys; a NaN or an infinity is refused, since JSON has none."""
    write_text(
        path, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    )


def note_read(path: Path | str) -> None:
    """Tell Python's audit hooks of a file that a library is about to open by itself, as Python tells of its own.

    A job that checks its inputs listens: `handcraft.build.reads`.
    """
    sys.audit("open", os.fspath(path), "r", os.O_RDONLY)


def read_json(path: Path | str) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise _unreadable(path, error) from error


def write_csv(path: Path | str, rows: Sequence[Row], columns: Sequence[str] | None = None) -> None:
    """A CSV table with columns of `COLUMN_TYPES`; floats keep every digit (`repr`), None and "" are an empty cell.

    Raises `TypeError` for a column that has no type there, and for a value that is not of its column's type.
    """
    columns = list(columns or (rows[0].keys() if rows else ()))
    _require_types(columns, path)
    with whole_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        # With "\r\n" the csv module quotes a cell that holds either of them; the rows still end on "\n".
        lines = SimpleNamespace(write=lambda line: file.write(line.removesuffix("\r\n") + "\n"))
        writer = csv.DictWriter(lines, columns, lineterminator="\r\n", extrasaction="raise")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: _cell(name, value) for name, value in row.items()})


def _require_types(columns: Sequence[str], path: Path | str) -> None:
    if untyped := [name for name in columns if name not in COLUMN_TYPES]:
        raise TypeError(f"{path}: no type in handcraft.columns for the column {', '.join(untyped)}")


def _cell(name: str, value: Any) -> Any:
    if value is None:
        return ""
    kind = COLUMN_TYPES.get(name)
    fits = {str: (str,), int: (int, np.integer), float: (float, np.floating, int, np.integer)}
    if kind and (isinstance(value, bool) or not isinstance(value, fits[kind])):
        raise TypeError(f"the column {name} is of {kind.__name__}, not {type(value).__name__}: {value!r}")
    return repr(float(value)) if isinstance(value, float | np.floating) else value


def read_csv(path: Path | str) -> list[dict[str, Any]]:
    """Rows of a CSV table, each cell of its column's type in `COLUMN_TYPES`; empty cells are None."""
    import pyarrow as pa
    from pyarrow import csv as pa_csv

    types = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    note_read(path)
    try:
        table = pa_csv.read_csv(
            path,
            # One block, since a row must not be longer than a block.
            read_options=pa_csv.ReadOptions(block_size=max(1, Path(path).stat().st_size), use_threads=False),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: types[kind] for name, kind in COLUMN_TYPES.items()},
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
        _require_types(table.column_names, path)
    except (OSError, pa.ArrowException, TypeError) as error:
        raise _unreadable(path, error) from error
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def write_tensors(
    path: Path | str, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, Any] | None = None
) -> None:
    """A safetensors file of NumPy arrays; `metadata` goes into one metadata key, `handcraft`, as JSON.

    One key, because safetensors writes several in random order.
    """
    from safetensors.numpy import save_file

    header = {"handcraft": json.dumps(metadata or {}, sort_keys=True, ensure_ascii=False)}
    with whole_file(path) as partial:
        save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, str(partial), metadata=header)


def read_tensors(path: Path | str) -> dict[str, np.ndarray]:
    """All arrays of a safetensors file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    note_read(path)
    try:
        return load_file(str(path))
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, error) from error


def read_metadata(path: Path | str) -> dict[str, Any]:
    """What `write_tensors` stored as `metadata`."""
    from safetensors import SafetensorError, safe_open

    note_read(path)
    try:
        with safe_open(str(path), "np") as file:
            metadata: dict[str, Any] = json.loads((file.metadata() or {}).get("handcraft", "{}"))
    except (OSError, ValueError, SafetensorError) as error:
        raise _unreadable(path, error) from error
    return metadata


def write_table(path: Path | str, table: "pa.Table") -> None:
    """A Parquet file, the same bytes for the same table."""
    import pyarrow.parquet as pq

    with whole_file(path) as partial:
        pq.write_table(table, partial, compression="zstd")


def read_table(path: Path | str) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.parquet as pq

    note_read(path)
    try:
        with pq.ParquetFile(path) as file:  # `pq.read_table` imports pyarrow.dataset: 0.2 s
            return file.read()
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error


def hash_file(path: Path | str) -> str:
    """SHA-256 of a file, as hex."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unreadable(path: Path | str, error: Exception) -> UserError:
    return UserError(
        f"cannot read this artifact ({type(error).__name__}: {error})",
        where=str(path),
        remedy="delete the file and run snakemake again; it is rebuilt",
    )
