"""`handcraft plan`: what a build is expected to take, before it starts."""

import argparse
from pathlib import Path


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="overlays over config.yaml, as for snakemake"
    )
    parser.add_argument("--build", type=Path, default=Path(), help="the build directory (default: this one)")
    parser.add_argument(
        "--cores", type=int, help="cores that the build may use (default: all of the machine)"
    )


def run(options: argparse.Namespace) -> int:
    import os

    from handcraft.build.plan import make_plan, show_plan
    from handcraft.config.files import load_config

    cfg = load_config("config.yaml", *options.files)
    # Paths in a config start where the build runs.
    os.chdir(options.build)
    print("\n".join(show_plan(make_plan(cfg), options.cores)))
    return 0
