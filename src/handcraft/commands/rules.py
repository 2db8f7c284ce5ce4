"""`handcraft rules`: score a group's rule file, once or whenever it is saved."""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handcraft.config.model import Config


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("group")
    parser.add_argument("--watch", action="store_true", help="score the file again whenever it is saved")
    parser.add_argument(
        "--missed",
        type=int,
        default=0,
        metavar="N",
        help="also what the rules miss and the linear model knows",
    )
    add_places(parser)


def add_places(parser: argparse.ArgumentParser) -> None:
    """Options that say where build and rule file are."""
    parser.add_argument("--build", type=Path, default=Path(), help="the directory that has results/")
    parser.add_argument(
        "--file", type=Path, help="the rule file; human/rules/<corpus>/<group>.yaml by default"
    )
    parser.add_argument(
        "--configfile",
        nargs="*",
        type=Path,
        default=[],
        metavar="FILE",
        help="overlays of the build's config",
    )


def chosen_file(options: argparse.Namespace) -> "tuple[Path, Config]":
    """The rule file that the options name, and the config, whose corpus names its directory."""
    from handcraft.config.files import load_config
    from handcraft.rules.files import rule_path

    config = load_config("config.yaml", *options.configfile)
    return options.file or rule_path(Path(), config.corpus.name, options.group), config


def run(options: argparse.Namespace) -> int:
    from handcraft.analysis.missed import format_missed, missed
    from handcraft.analysis.score_rules import Scorer, format_score
    from handcraft.rules.files import no_rules

    path, _ = chosen_file(options)
    if not path.is_file():
        raise no_rules(path)
    if not options.watch:
        scorer = Scorer(options.build, options.group)
        score = scorer.score(path)
        print(format_score(scorer, score))
        linear = options.build / "results" / "linear" / options.group / "weights.safetensors"
        if options.missed and linear.is_file():
            logits = score.model.logits(scorer.fires(score.rules)[1])
            found = missed(logits, scorer.held_out, linear, scorer.vocabulary)
            print(f"\n{format_missed(found, options.missed)}")
        return 0
    print(f"watching {path}; Ctrl-C ends", flush=True)
    for text in scores(options.build, options.group, path, saves(path)):
        print(text, flush=True)
    return 0


def scores(build: Path, group: str, path: Path, saved: Iterable[object]) -> Iterator[str]:
    """The score of the file now, and after each of `saved` what it is then, with what changed; or the error."""
    from handcraft.analysis.score_rules import Score, Scorer, format_score
    from handcraft.errors import UserError

    scorer = Scorer(build, group)
    before: Score | None = None
    for first in _chain(saved):
        started = time.perf_counter()
        try:
            score = scorer.score(path)
        except UserError as error:
            yield f"\n{error}\n"
            continue
        text = format_score(scorer, score, before)
        before = score
        took = "" if first else f"\n({time.perf_counter() - started:.2f} s)"
        yield f"\n{text}{took}"


def _chain(saved: Iterable[object]) -> Iterator[bool]:
    yield True
    for _ in saved:
        yield False


def saves(path: Path) -> Iterator[None]:
    """Yields whenever the file is written, also by an editor that writes another file and renames it."""
    from watchfiles import watch

    wanted = path.resolve()
    for changed in watch(
        wanted.parent, watch_filter=None, debounce=100, step=20, raise_interrupt=False, recursive=False
    ):
        if wanted in {Path(file).resolve() for _, file in changed} and wanted.is_file():
            yield None
    print(file=sys.stderr)
