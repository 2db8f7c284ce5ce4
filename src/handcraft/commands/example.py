"""The example that the project shows: a finished report, the data of its figures, and what code made it."""

import argparse
import shutil
from pathlib import Path
from typing import Any

from handcraft.build.provenance import code_hash
from handcraft.errors import UserError
from handcraft.files import read_csv, read_json, read_table, write_json, write_text
from handcraft.report.made import Made

FIGURES = ("opening.svg", "overview.svg")
"""Copied as files of their own, for the README, if the build drew them."""
ATTRIBUTION = """# An example

This is the report of a build on a sample of TinyStories: [index.html](index.html) (a single file; download it to open
it) and [index.pdf](index.pdf). [data.json](data.json) has the numbers behind its figures. It does not contain the
stories. TinyStories is by Ronen Eldan and Yuanzhi Li (2023), licensed under CDLA-Sharing-1.0. The language model is
stories260K by Andrej Karpathy (MIT license).

[made.json](made.json) lists the code version of every rule. To rebuild the example, put the files that
`config/tinystories-files.yaml` names into the build's directory and run

    make example BUILD=builds/files
"""


def write_example(build: Path, *, output: Path) -> None:
    """Copy the finished report of `build` (a directory with results/) to `output`, with its figures' data as JSON.

    Refuses, with `UserError`, a report that shows text of the corpus: no story may be copied into the project.
    """
    results = build / "results"
    report = results / "report"
    if not (report / "index.html").is_file():
        raise UserError("no finished report here", where=str(report), remedy="run make example")
    sidecar = read_json(results / "provenance" / "fill_report.json")
    if sidecar["params"]["metadata"]["excerpts"]:
        raise UserError(
            "this report shows text of the corpus",
            where=str(build),
            remedy="build it with report.excerpts: false",
        )
    output.mkdir(parents=True, exist_ok=True)
    for name in ("index.html", "index.pdf"):
        shutil.copyfile(report / name, output / name)
    for path in (results / "figures" / name for name in FIGURES):
        if path.is_file():
            shutil.copyfile(path, output / path.name)
    write_json(output / "data.json", _data(results))
    write_json(
        output / "made.json",
        {"corpus": sidecar["params"]["metadata"]["corpus"]["title"], "code": _codes(results)},
    )
    write_text(output / "README.md", ATTRIBUTION)


def stale_rules(example: Path, scripts: Path) -> list[str]:
    """Rules whose code is no longer that which made the example; `scripts` is workflow/scripts."""
    made = read_json(example / "made.json")["code"]
    gone = [rule for rule in made if not (scripts / f"{rule}.py").is_file()]
    return gone + [
        rule for rule, code in made.items() if rule not in gone and code_hash(f"{rule}.py", scripts) != code
    ]


def _codes(results: Path) -> dict[str, str]:
    made = Made(results / "provenance", ("results/report/index.html", "results/report/index.pdf"))
    return {str(job["rule"]): str(job["params"]["code"]) for job in made.jobs}


def _data(results: Path) -> dict[str, Any]:
    """Tables by their path below results/: what the figures draw, and the registry of all values."""
    found: dict[str, Any] = {}
    for path in sorted([*results.glob("evaluation/**/*.csv"), *results.glob("linear/*/path.csv")]):
        found[path.relative_to(results).as_posix()] = read_csv(path)
    for path in sorted(results.glob("minibatch/*/history.parquet")):
        found[path.relative_to(results).as_posix()] = read_table(path).to_pydict()
    found["report/source/values.json"] = read_json(results / "report" / "source" / "values.json")
    return found


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("build", type=Path, help="a directory that has results/")
    parser.add_argument("output", type=Path, nargs="?", default=Path("docs/example"))


def run(options: argparse.Namespace) -> int:
    write_example(options.build, output=options.output)
    print(options.output)
    return 0
