"""`handcraft explain`: what a group's linear model makes of a text."""

import argparse
from pathlib import Path


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("group")
    parser.add_argument("text", help="the text before the missing word")
    parser.add_argument("--build", type=Path, default=Path(), help="the directory that has results/")


def run(options: argparse.Namespace) -> int:
    from handcraft.explorer.explain import explain_text, format_explanation, group_artifacts

    print(format_explanation(explain_text(*group_artifacts(options.build, options.group), options.text)))
    return 0
