"""The sidecars of a build read back: which rule made a file, and whether the file is still what that rule wrote."""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handcraft.build.provenance import files_below, hash_path
from handcraft.errors import UserError
from handcraft.files import read_json

RECORDS = Path("results", "provenance")
"""The sidecars, below the directory of the build."""


@dataclass(frozen=True)
class Record:
    """What a sidecar says: a rule's name, and the SHA-256 of the job's inputs and outputs by path."""

    path: Path
    rule: str
    started: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


def read_records(folder: Path = RECORDS) -> list[Record]:
    """The sidecars in `folder`, oldest job first. Raises `UserError` for one that cannot be read."""
    return sorted((_read(path) for path in folder.glob("*.json")), key=lambda r: (r.started, r.path.name))


def _read(path: Path) -> Record:
    try:
        said: Any = read_json(path)
        return Record(path, said["rule"], said["started"], dict(said["inputs"]), dict(said["outputs"]))
    except (UserError, KeyError, TypeError, ValueError) as error:
        rule = path.name.partition(".")[0]
        raise UserError(
            "the record of a job is damaged, so its outputs cannot be verified",
            where=str(path),
            remedy=f"run its rule again: {repair([rule])}",
        ) from error


def producers(records: Iterable[Record]) -> dict[str, Record]:
    """The record of the job that made each file or directory, by path; of several, the latest."""
    return {path: record for record in records for path in record.outputs}


def verified_hashes(paths: Iterable[str], folder: Path = RECORDS) -> dict[str, str]:
    """SHA-256 of a job's inputs, each compared with what the job that made it wrote.

    A file that no job on record made (a corpus, labels, a template) is only hashed. Raises `UserError` that lists
    the files that have changed since, the rules that make them, and the command to rebuild them.
    """
    made_by = producers(read_records(folder))
    hashes = {path: hash_path(Path(path)) for path in paths if Path(path).exists()}
    changed = [
        path for path, digest in hashes.items() if path in made_by and digest != made_by[path].outputs[path]
    ]
    if changed:
        raise UserError(
            "an input is no longer what the workflow wrote; it was damaged or edited:\n"
            + "\n".join(f"{path} (made by {made_by[path].rule})" for path in changed),
            where=", ".join(str(made_by[path].path) for path in changed),
            remedy=f"rebuild it: {repair(changed)}",
        )
    return hashes


def repair(paths: Iterable[str]) -> str:
    """The command that makes files or directories of the build again, and all that rests on them."""
    files = " ".join(shlex.quote(path) for path in paths)
    return f"snakemake --forcerun {files} (with your --directory and --configfile)"


@dataclass(frozen=True)
class Verified:
    """What `verify_build` found.

    `damaged` and `missing`: paths with the rule that makes them. `outdated`: paths that a job read in an earlier
    version, with that job's rule. `unrecorded`: paths below `results/` that no job on record made. `files` and
    `bytes`: how much was hashed.
    """

    jobs: int
    files: int
    bytes: int
    damaged: dict[str, str]
    missing: dict[str, str]
    outdated: dict[str, str]
    unrecorded: list[str]


def verify_build(build: Path) -> Verified:
    """Hash all outputs of a build in the directory `build`, and compare them with the records of its jobs.

    Raises `UserError` where there is no record or a record is damaged.
    """
    records = read_records(build / RECORDS)
    if not records:
        raise UserError(
            "there is no finished job here",
            where=str(build / RECORDS),
            remedy="name the directory of a build",
        )
    made_by = producers(records)
    hashes = {path: hash_path(build / path) for path in made_by if (build / path).exists()}
    files = [f for path in hashes for f in files_below(build / path)]
    known = {f.resolve() for f in files}
    others = [f for f in files_below(build / RECORDS.parent) if f.resolve() not in known]
    return Verified(
        jobs=len(records),
        files=len(files),
        bytes=sum(f.stat().st_size for f in files),
        damaged={p: made_by[p].rule for p, digest in hashes.items() if digest != made_by[p].outputs[p]},
        missing={p: record.rule for p, record in made_by.items() if p not in hashes},
        outdated={
            path: record.rule
            for record in records
            for path, digest in record.inputs.items()
            if path in made_by and digest != made_by[path].outputs[path]
        },
        unrecorded=[f.relative_to(build).as_posix() for f in others if f.parent != build / RECORDS],
    )
