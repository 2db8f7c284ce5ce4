"""`handcraft check-pdf`: check that a rendered PDF shows all of its sources, each word in its place."""

import argparse
from pathlib import Path


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a rendered PDF, as results/report/index.pdf")
    parser.add_argument(
        "source",
        type=Path,
        metavar="SOURCE",
        help="the directory of the filled sources, as results/report/source",
    )


def run(options: argparse.Namespace) -> int:
    from handcraft.report.check_pdf import check_pdf

    checked = check_pdf(options.file, options.source)
    for finding in checked.findings:
        print(finding)
    counts = ", ".join(f"{number:,} {name}" for name, number in checked.counts.items())
    print(f"{options.file}: {counts}: {len(checked.findings) or 'no'} faults")
    return 1 if checked.findings else 0
