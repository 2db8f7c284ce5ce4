"""`handcraft`: the few things that are not a step of the workflow."""

import argparse
import sys
from pathlib import Path

from handcraft.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status. A `UserError` is printed without a traceback."""
    parser = argparse.ArgumentParser(prog="handcraft", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "schema", help="write config/schema.json and docs/configuration.md from the typed config"
    )
    verify = commands.add_parser(
        "verify-planted", help="check that planted rules come back, over several seeds"
    )
    verify.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args(arguments)
    try:
        if options.command == "schema":
            from handcraft.config_docs import write_schema

            for path in write_schema(Path.cwd()):
                print(path)
        else:
            from handcraft.planted_check import verify_planted

            return 0 if verify_planted(options.seeds) else 1
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
