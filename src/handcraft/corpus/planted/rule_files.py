"""Generate the rule files of the planted corpus, its truth in the language of people's files, from the table."""

from handcraft.corpus.planted.table import RULES
from handcraft.rules.truth import truth_file
from handcraft.rules.write import file_text

BY = (
    "the planted corpus itself: these are the rules that its generator draws from, so nobody had to find them"
)


def planted_rule_files() -> dict[str, str]:
    """The text of every file by its path in the checkout; a test compares them with what is committed."""
    comment = "Generated from src/handcraft/corpus/planted/table.py by `make schema`; do not edit."
    return {
        f"human/rules/planted/{group}.yaml": file_text(truth_file(rules, BY), comment)
        for group, rules in RULES.items()
    }
