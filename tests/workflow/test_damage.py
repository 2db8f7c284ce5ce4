"""Damaged artifacts: whatever happens to a file of a build, the next job that reads it says which one and what to do.

A few jobs here; all artifacts in all ways, some 500 damaged files, with

    HANDCRAFT_DAMAGE=all pytest tests/workflow/test_damage.py
"""

import os
import random
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from handcraft.build.provenance import files_below, hash_path
from handcraft.build.records import RECORDS, producers, read_records, verify_build
from handcraft.commands.compare import compare_builds
from tests.workflow.conftest import Checkout

WAYS = ("empty", "cut", "flip", "more", "other")
TRIES = 4


def damaged(content: bytes, way: str, chance: random.Random) -> bytes:
    """The bytes of a file after a fault: nothing left, cut short, one bit flipped, bytes appended, another content."""
    if not content:
        return b"?"
    place = chance.randrange(len(content))
    bit = bytes([content[place] ^ 1 << chance.randrange(8)])
    return {
        "empty": b"",
        "cut": content[:place],
        "flip": content[:place] + bit + content[place + 1 :],
        "more": content + b",1,2\n",
        "other": b"\x00" * len(content),
    }[way]


def artifacts(build: Path) -> dict[str, list[tuple[Path, str]]]:
    """All results as (file, path as its job declares it), by an output of a job that reads them; "" where none does."""
    records = read_records(build / RECORDS)
    readers: dict[str, str] = {}
    for record in records:
        for path in record.inputs:
            readers.setdefault(path, next(iter(record.outputs)))
    found: dict[str, list[tuple[Path, str]]] = {}
    for path in sorted(producers(records)):
        found.setdefault(readers.get(path, ""), []).extend((f, path) for f in files_below(build / path))
    return found


def restore(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)  # Snakemake deletes empty directories too
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)


@contextmanager
def all_damaged(files: list[Path], way: str, chance: random.Random) -> Iterator[None]:
    """The files damaged in the block as by a failing disk: Snakemake sees no newer file."""
    before = {file: (file.read_bytes(), file.stat()) for file in files}
    for file, (content, status) in before.items():
        file.write_bytes(damaged(content, way, chance))
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    try:
        yield
    finally:
        for file, (content, status) in before.items():
            file.write_bytes(content)
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.timeout(3600)
def test_damaged_artifacts_are_named_and_nothing_is_silent(built: Checkout, finished: Checkout) -> None:
    made_by = producers(read_records(built.path / RECORDS))
    tries = [(output, files, way) for output, files in artifacts(built.path).items() for way in WAYS]
    chance = random.Random(0)
    if os.environ.get("HANDCRAFT_DAMAGE") != "all":
        tries = chance.sample([t for t in tries if t[0]], TRIES)
    silent = []
    for output, files, way in tries:
        for file, path in files:
            with all_damaged([file], way, chance):
                if hash_path(built.path / path) == made_by[path].outputs[path]:
                    silent.append(f"{file} ({way}): has the hash of the record")
        with all_damaged([file for file, _ in files], way, chance):
            found = verify_build(built.path).damaged
            silent += [f"{path} ({way}): not seen by verify-build" for _, path in files if path not in found]
            if not output:
                continue
            rule = made_by[output].rule
            said = built.snakemake(
                output, "--quiet", "rules", "--allowed-rules", rule, "--force", expect=None
            )
        named = re.findall(r"--forcerun (.+) \(", said)
        silent += [f"{path} ({way}): {rule} does not name it" for _, path in files if path not in str(named)]
        if "Traceback" in said:
            silent.append(f"{rule} ({way}) ends in a traceback: {said[-300:]}")
        for lost in made_by[output].outputs:  # Snakemake deletes them when the job fails
            restore(finished.path / lost, built.path / lost)
    print(sum(len(files) for _, files, _ in tries), "damaged files in", len(tries), "tries")
    assert not silent, "\n".join(silent)


def test_the_command_in_the_message_repairs_the_build(built: Checkout, finished: Checkout) -> None:
    table = built.path / "results" / "evaluation" / "conjunctions" / "metrics.csv"
    table.write_bytes(table.read_bytes()[:-40])
    said = built.snakemake("--quiet", "rules", expect=1)
    (command,) = set(re.findall(r"snakemake (--forcerun \S+) ", said))
    built.snakemake("--quiet", "rules", *command.split())
    assert compare_builds(built.path, finished.path) == []
    assert not verify_build(built.path).damaged
