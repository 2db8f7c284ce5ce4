"""The label files: `human/labels/<corpus>/<group>/<annotator>.csv`, primary data made by people.

A row is one answer. Columns: `sample` (natural or balanced), `checksum` (of the set of items, its first 16 digits or
more), `context` (the item: its row of the test contexts), `answer` (a candidate; its leading space may be missing),
and, where they are known, `seconds` (the item was on the screen), `place` (in the annotator's own order, from 1) and
`seed` (of that order). A file answers every item of each sample that it has, once.
"""

import csv
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from handcraft.contexts.sample import Sample
from handcraft.errors import UserError, nearest

NAME = re.compile(r"(?!(nan|inf|infinity)$)[a-z][a-z0-9]*([-_][a-z0-9]+)*")
"""What an annotator may be called: it goes into paths, tables and figures, and must not read as a number there."""
DIGITS = 16
"""Digits of the checksum that a label file repeats."""

_Known = BeforeValidator(lambda cell: cell or None)


class Label(BaseModel):
    """A row of a label file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sample: Literal["natural", "balanced"]
    checksum: str = Field(pattern=rf"^[0-9a-f]{{{DIGITS},64}}$")
    context: int = Field(ge=0)
    answer: str = Field(min_length=1)
    seconds: Annotated[float | None, _Known, Field(ge=0, allow_inf_nan=False)] = None
    place: Annotated[int | None, _Known, Field(ge=1)] = None
    seed: Annotated[int | None, _Known, Field(ge=0)] = None


COLUMNS = tuple(Label.model_fields)
NEEDED = tuple(name for name, field in Label.model_fields.items() if field.is_required())


@dataclass(frozen=True, eq=False)
class Answers:
    """One person's answers to one sample: `answers` int64 [n], the candidate chosen for each item in the order of the
    sample; `seconds` float64 [n], NaN where not known."""

    annotator: str
    sample: str
    answers: np.ndarray
    seconds: np.ndarray


def label_files(root: Path | str, corpus: str, group: str) -> list[str]:
    """Label files of one group of one corpus below the checkout `root`, relative to the working directory."""
    return [_relative(p) for p in sorted(Path(root, "human", "labels", corpus, group).glob("*.csv"))]


def ignored_files(root: Path | str, corpus: str, groups: Sequence[str]) -> list[str]:
    """Label files that this build does not use (of other corpora or groups), as paths below `human/labels`."""
    folder = Path(root, "human", "labels")
    used = {folder / corpus / group for group in groups}
    return [p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*.csv")) if p.parent not in used]


def _relative(path: Path) -> str:
    # So that a moved checkout is not stale.
    return os.path.relpath(path, Path.cwd())


def read_labels(
    path: Path | str, samples: Mapping[str, Sample], candidates: Sequence[str]
) -> dict[str, Answers]:
    """One person's answers by sample; the person is called as the file.

    Raises `UserError` with file and line for a row that is not as the module says, another set of items, an item that
    is not in it or comes twice, or an unknown candidate; with the file, where an item has no answer.
    """
    path = Path(path)
    if not NAME.fullmatch(path.stem):
        raise UserError(
            f"an annotator cannot be called {path.stem!r}",
            where=str(path),
            remedy="rename the file: a small letter, then small letters and digits, separated by single hyphens",
        )
    words = _spellings(candidates)
    answers: dict[str, dict[int, tuple[int, float]]] = {}
    for line, label in _rows(path):
        where = f"{path}, line {line}"
        sample = samples[label.sample]
        if not sample.checksum.startswith(label.checksum):
            raise UserError(
                f"these labels are for another set of items: checksum {label.checksum}, where the {label.sample} "
                f"sample of this build has {sample.checksum[:DIGITS]}",
                where=where,
                remedy="label the page of this build (results/labelling), or take the file out of human/labels: "
                "another text, group, seed or tokenizer gives other items (and should have another corpus.name)",
            )
        if label.context not in sample.contexts:
            raise UserError(
                f"context {label.context} is not in the {label.sample} sample",
                where=where,
                remedy="take the id from the page's own file; ids are not renumbered by hand",
            )
        if label.answer not in words:
            raise UserError(
                f"unknown candidate {label.answer!r}{nearest(label.answer, [w.strip() or w for w in candidates])}",
                where=where,
                remedy="an answer is one of the group's words",
            )
        given = answers.setdefault(label.sample, {})
        if label.context in given:
            raise UserError(
                f"context {label.context} of the {label.sample} sample is answered a second time",
                where=where,
                remedy="keep the first answer, which was given without having seen the item before",
            )
        given[label.context] = (
            words[label.answer],
            np.nan if label.seconds is None else label.seconds,
        )
    if not answers:
        raise UserError(
            "there is no label in this file", where=str(path), remedy="remove it, or label the items"
        )
    return {name: _complete(path, name, samples[name], given) for name, given in answers.items()}


def _complete(path: Path, name: str, sample: Sample, given: dict[int, tuple[int, float]]) -> Answers:
    items = sample.contexts.tolist()
    if missing := [i for i in items if i not in given]:
        raise UserError(
            f"{len(missing)} of the {len(items)} items of the {name} sample have no answer (context "
            f"{', '.join(map(str, missing[:5]))}{', …' if len(missing) > 5 else ''})",
            where=str(path),
            remedy="answer them too (the page gives the file out when all are answered): what is left out is what is "
            "hard, so the rest would flatter",
        )
    chosen, seconds = zip(*(given[i] for i in items), strict=True)
    return Answers(path.stem, name, np.array(chosen, dtype=np.int64), np.array(seconds, dtype=np.float64))


def _spellings(candidates: Sequence[str]) -> dict[str, int]:
    """Every way to write a candidate: exactly, or bare where no other candidate is the same then."""
    bare = [c.strip() for c in candidates]
    words = {b: k for k, b in enumerate(bare) if b and bare.count(b) == 1}
    return words | {c: k for k, c in enumerate(candidates)}


def _rows(path: Path) -> Iterator[tuple[int, Label]]:
    """Rows with the line that each begins in; spreadsheets put a mark at the head of UTF-8, which is left out."""
    line = 1
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            _check_header(path, header)
            line = reader.line_num + 1
            for cells in reader:
                if any(cells):
                    yield line, _label(path, line, header, cells)
                line = reader.line_num + 1
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"this is no CSV file in UTF-8 ({error})",
            where=f"{path}, line {line}",
            remedy="save it as CSV, separated by commas, in UTF-8; human/README.md has the format",
        ) from error


def _check_header(path: Path, header: list[str]) -> None:
    problems = [f"the column {name!r} is missing" for name in NEEDED if name not in header]
    problems += [f"unknown column {name!r}{nearest(name, COLUMNS)}" for name in header if name not in COLUMNS]
    problems += [f"the column {name!r} stands twice" for name in COLUMNS if header.count(name) > 1]
    if problems:
        raise UserError(
            "; ".join(problems),
            where=f"{path}, line 1",
            remedy=f"the columns are {', '.join(COLUMNS)}, separated by commas; human/README.md says what they are",
        )


def _label(path: Path, line: int, header: list[str], cells: list[str]) -> Label:
    where = f"{path}, line {line}"
    remedy = "human/README.md says what each column holds"
    if len(cells) != len(header):
        what = f"{len(cells)} cells, where the header has {len(header)} columns"
        raise UserError(what, where=where, remedy=remedy)
    try:
        return Label.model_validate(dict(zip(header, cells, strict=True)))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}, not {e['input']!r}" for e in error.errors()]
        raise UserError("; ".join(faults), where=where, remedy=remedy) from None
