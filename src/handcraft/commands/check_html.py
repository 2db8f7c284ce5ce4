"""`handcraft check-html`: check that a page can be read on a phone, in light and dark, and without a network."""

import argparse
from pathlib import Path


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a page, as results/report/index.html")


def run(options: argparse.Namespace) -> int:
    from handcraft.report.check_html import AXE_PACKAGE, check_html

    checked = check_html(options.file)
    for finding in checked.findings:
        print(finding)
    counts = ", ".join(f"{number:,} {name}" for name, number in checked.counts.items())
    print(f"{options.file}: {counts}: {len(checked.findings) or 'no'} faults")
    if not checked.axe:
        print(f"axe was not run, because it is not installed; `pip install {AXE_PACKAGE}` adds its checks")
    return 1 if checked.findings else 0
