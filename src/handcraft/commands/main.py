"""`handcraft`: the few things that are not a step of the workflow."""

import argparse
import importlib
import sys

from handcraft.errors import UserError

COMMANDS = {
    "schema": "write the generated files: schemas, docs/configuration.md, docs/planted.md, rules of the planted corpus",
    "check-config": "check config.yaml, and overlays if given, without starting Snakemake",
    "plan": "estimate before a build how many contexts, gigabytes and hours it takes, and what it downloads",
    "verify": "check a linear model's certificate again, from its file and contexts",
    "verify-build": "check that every result of a build is still what its job wrote",
    "verify-planted": "check that the planted rules are recovered, over several seeds",
    "check-pdf": "check that a rendered PDF shows all of its filled sources, each word in its place",
    "check-html": "check that a page can be read on a phone, in light and dark, and without a network",
    "explain": "show how a group's linear model reads a text: every token's push on every word",
    "rules": "score a group's rule file on validation contexts; --watch: again whenever it is saved",
    "propose": "propose the next best rules for a group; --write: add them to its rule file, marked as proposed",
    "compare": "check that the results of two builds are byte-identical",
    "example": "copy a finished report to docs/example, with its figures' data",
}
"""Each command with its help; its module in this package has `add_options` and `run`."""


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; what it parses has `run`, the command's own."""
    parser = argparse.ArgumentParser(prog="handcraft", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, summary in COMMANDS.items():
        module = importlib.import_module(f"handcraft.commands.{name.replace('-', '_')}")
        one = commands.add_parser(name, help=summary)
        module.add_options(one)
        one.set_defaults(run=module.run)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status. A `UserError` is printed without a traceback."""
    options = build_parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
