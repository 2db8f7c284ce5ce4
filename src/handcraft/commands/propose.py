"""`handcraft propose`: the next best rules for a group, beside those of its rule file."""

import argparse

from handcraft.commands.rules import add_places, chosen_file


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("group")
    parser.add_argument("--count", type=int, default=5, help="rules to propose (5 by default)")
    parser.add_argument("--write", action="store_true", help="add them to the rule file, marked as proposed")
    add_places(parser)


def run(options: argparse.Namespace) -> int:
    from handcraft.analysis.score_rules import Scorer
    from handcraft.analysis.write_proposals import Proposing, format_proposal
    from handcraft.config.model import Proposals

    path, config = chosen_file(options)
    settings = (config.proposals or Proposals()).model_copy(update={"count": options.count})
    proposing = Proposing(Scorer(options.build, options.group), path, settings=settings, seed=config.seed)
    number = 0
    for number, one in enumerate(proposing.run(), start=1):
        print(format_proposal(number, one), flush=True)
    if not number:
        print("no further rule gains more than it takes to state it")
    elif options.write:
        print(f"\nadded to {path}: {proposing.write()} rules, marked `proposed: true`")
    else:
        print(f"\n--write adds them to {path}, marked as proposed")
    return 0
