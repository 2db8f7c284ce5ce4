"""`handcraft verify`: check a linear model's certificate again, from its file and contexts."""

import argparse
from pathlib import Path


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("weights", type=Path, help="weights.safetensors or sparser.safetensors")
    parser.add_argument(
        "--contexts", type=Path, help="the training contexts; those of the same build by default"
    )
    parser.add_argument("--device", choices=("cpu", "cuda", "auto"), default="cpu")


def run(options: argparse.Namespace) -> int:
    from handcraft.predictors.linear.verify import training_contexts, verify_linear

    found = verify_linear(
        options.weights, options.contexts or training_contexts(options.weights), options.device
    )
    print(
        f"objective {found.objective:.9f}, no weights reach less than {found.bound:.9f}: "
        f"a relative gap of {found.gap:.2e} at most (stated: {found.stated:.2e}, wanted: {found.wanted:g})"
    )
    print("the certificate holds" if found.holds else "THE CERTIFICATE DOES NOT HOLD")
    return 0 if found.holds else 1
