"""`handcraft verify-build`: check that every result of a build is still what its job wrote."""

import argparse
import time
from pathlib import Path


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "build",
        type=Path,
        nargs="?",
        default=Path(),
        help="a directory that has results/ (default: this one)",
    )


def run(options: argparse.Namespace) -> int:
    from handcraft.build.records import repair, verify_build

    started = time.monotonic()
    found = verify_build(options.build)
    for path, rule in found.damaged.items():
        print(f"DAMAGED  {path} (made by {rule})")
    for path, rule in found.missing.items():
        print(f"MISSING  {path} (made by {rule})")
    for path, rule in found.outdated.items():
        print(f"older    {path}: {rule} read an earlier version of it")
    for path in found.unrecorded:
        print(f"unknown  {path}: no job on record made it")
    print(
        f"{found.files} files of {found.jobs} jobs, {found.bytes / 1e6:.1f} MB, hashed in "
        f"{time.monotonic() - started:.1f} s: {len(found.damaged)} damaged, {len(found.missing)} missing"
    )
    if broken := [*found.damaged, *found.missing]:
        print(f"To rebuild: {repair(broken)}")
    return 1 if broken else 0
