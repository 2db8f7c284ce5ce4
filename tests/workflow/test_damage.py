"""Damaged artifacts: whatever happens to a file of a build, the next job that reads it says which one and what to do.

A few tries here; all artifacts in all ways, some 500 tries of 4 seconds each, with

    HANDCRAFT_DAMAGE=all pytest tests/workflow/test_damage.py
"""

import os
import random
import re
import shutil
from pathlib import Path

import pytest

from handcraft.build.provenance import files_below
from handcraft.build.records import RECORDS, producers, read_records, verify_build
from handcraft.commands.compare import compare_builds
from tests.workflow.conftest import Checkout

WAYS = ("empty", "cut", "flip", "more", "other")
TRIES = 6


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


def artifacts(build: Path) -> list[tuple[str, str, str]]:
    """(file, path as a job declares it, an output of a job that reads it) of all results; output "" where none does."""
    records = read_records(build / RECORDS)
    readers: dict[str, str] = {}
    for record in records:
        for path in record.inputs:
            readers.setdefault(path, next(iter(record.outputs)))
    found = []
    for path in sorted(producers(records)):
        files = files_below(build / path)
        found += [(f.relative_to(build).as_posix(), path, readers.get(path, "")) for f in files]
    return found


def restore(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)  # Snakemake deletes empty directories too
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)


@pytest.mark.timeout(7200)
def test_a_damaged_artifact_is_named_and_nothing_is_silent(built: Checkout, finished: Checkout) -> None:
    tries = [(*artifact, way) for artifact in artifacts(built.path) for way in WAYS]
    chance = random.Random(0)
    if os.environ.get("HANDCRAFT_DAMAGE") != "all":
        tries = chance.sample([t for t in tries if t[2]], TRIES)
    silent = []
    for file, path, output, way in tries:
        target = built.path / file
        content, status = target.read_bytes(), target.stat()
        target.write_bytes(damaged(content, way, chance))
        # As by a failing disk: Snakemake sees no newer file.
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
        if path not in verify_build(built.path).damaged:
            silent.append(f"{file} ({way}): not seen by verify-build")
        if output:
            reader = producers(read_records(built.path / RECORDS))[output]
            rule = reader.rule
            said = built.snakemake(
                output, "--quiet", "rules", "--allowed-rules", rule, "--force", expect=None
            )
            for lost in reader.outputs:  # Snakemake deletes them when the job fails
                restore(finished.path / lost, built.path / lost)
            if f"--forcerun {path} " not in said or "Traceback" in said:
                silent.append(f"{file} ({way}): {rule} said {said[-300:]!r}")
        target.write_bytes(content)
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    print(len(tries), "tries")
    assert not silent, "\n".join(silent)


def test_the_command_in_the_message_repairs_the_build(built: Checkout, finished: Checkout) -> None:
    table = built.path / "results" / "evaluation" / "conjunctions" / "metrics.csv"
    table.write_bytes(table.read_bytes()[:-40])
    said = built.snakemake("--quiet", "rules", expect=1)
    (command,) = set(re.findall(r"snakemake (--forcerun \S+) ", said))
    built.snakemake("--quiet", "rules", *command.split())
    assert compare_builds(built.path, finished.path) == []
    assert not verify_build(built.path).damaged
