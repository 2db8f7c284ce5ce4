"""`handcraft check-config`: read and check a config without starting Snakemake."""

import argparse
from pathlib import Path


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="overlays, each laid over those before it"
    )


def run(options: argparse.Namespace) -> int:
    from handcraft.config.files import load_config

    load_config("config.yaml", *options.files)
    return 0
