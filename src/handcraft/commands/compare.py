"""Are two builds the same, byte for byte? What may differ is named here, and nowhere else."""

import argparse
from pathlib import Path

from handcraft.errors import UserError
from handcraft.files import hash_file

VOLATILE = ("provenance/", "report/build_record.md", "report/index.html", "report/index.pdf")
"""Times, host and commit: the sidecars, the report's record of the build, and the pages rendered with it."""


def result_hashes(build: Path | str) -> dict[str, str]:
    """SHA-256 of every result of a build that must be the same in another one, by its path below `results/`."""
    results = Path(build) / "results"
    if not results.is_dir():
        raise UserError(
            "no build here: there is no directory results/", where=str(build), remedy="run snakemake there"
        )
    paths = {p.relative_to(results).as_posix(): p for p in sorted(results.rglob("*")) if p.is_file()}
    return {name: hash_file(p) for name, p in paths.items() if not name.startswith(VOLATILE)}


def compare_builds(first: Path | str, second: Path | str) -> list[str]:
    """What differs between the results of two builds, one line a file; empty if they are identical."""
    a, b = result_hashes(first), result_hashes(second)
    lines = [f"only in {first}: {name}" for name in sorted(a.keys() - b.keys())]
    lines += [f"only in {second}: {name}" for name in sorted(b.keys() - a.keys())]
    return lines + [f"differs: {name}" for name in sorted(a.keys() & b.keys()) if a[name] != b[name]]


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("builds", type=Path, nargs=2, metavar="BUILD", help="a directory that has results/")


def run(options: argparse.Namespace) -> int:
    differences = compare_builds(*options.builds)
    print("\n".join(differences) or f"identical: {len(result_hashes(options.builds[0]))} files")
    return 1 if differences else 0
