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
    check = commands.add_parser(
        "verify", help="check a linear model's certificate again, from its file and contexts"
    )
    check.add_argument("weights", type=Path, help="weights.safetensors or sparser.safetensors")
    check.add_argument(
        "--contexts", type=Path, help="the training contexts; those of the same build by default"
    )
    check.add_argument("--device", choices=("cpu", "cuda", "auto"), default="cpu")
    explain = commands.add_parser(
        "explain", help="what a group's linear model makes of a text: every token's push on every word"
    )
    explain.add_argument("group")
    explain.add_argument("text", help="what stands before the gap")
    explain.add_argument("--build", type=Path, default=Path(), help="the directory that has results/")
    compare = commands.add_parser("compare", help="are the results of two builds byte-identical?")
    compare.add_argument("builds", type=Path, nargs=2, metavar="BUILD", help="a directory that has results/")
    example = commands.add_parser(
        "example", help="copy a finished report to docs/example, with its figures' data"
    )
    example.add_argument("build", type=Path, help="a directory that has results/")
    example.add_argument("output", type=Path, nargs="?", default=Path("docs/example"))
    options = parser.parse_args(arguments)
    try:
        return COMMANDS[options.command](options)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1


def _schema(options: argparse.Namespace) -> int:
    from handcraft.config_docs import write_schema

    for path in write_schema(Path.cwd()):
        print(path)
    return 0


def _verify(options: argparse.Namespace) -> int:
    from handcraft.predictors.linear_verify import training_contexts, verify_linear

    found = verify_linear(
        options.weights, options.contexts or training_contexts(options.weights), options.device
    )
    print(
        f"objective {found.objective:.9f}, no weights reach less than {found.bound:.9f}: "
        f"a relative gap of {found.gap:.2e} at most (stated: {found.stated:.2e}, wanted: {found.wanted:g})"
    )
    print("the certificate holds" if found.holds else "THE CERTIFICATE DOES NOT HOLD")
    return 0 if found.holds else 1


def _explain(options: argparse.Namespace) -> int:
    from handcraft.explorer.explain import explain_text, format_explanation, group_artifacts

    print(format_explanation(explain_text(*group_artifacts(options.build, options.group), options.text)))
    return 0


def _verify_planted(options: argparse.Namespace) -> int:
    from handcraft.planted_check import verify_planted

    return 0 if verify_planted(options.seeds) else 1


def _example(options: argparse.Namespace) -> int:
    from handcraft.report.example import write_example

    write_example(options.build, options.output)
    print(options.output)
    return 0


def _compare(options: argparse.Namespace) -> int:
    from handcraft.compare import compare_builds, result_hashes

    differences = compare_builds(*options.builds)
    print("\n".join(differences) or f"identical: {len(result_hashes(options.builds[0]))} files")
    return 1 if differences else 0


COMMANDS = {
    "schema": _schema,
    "verify": _verify,
    "explain": _explain,
    "verify-planted": _verify_planted,
    "compare": _compare,
    "example": _example,
}
