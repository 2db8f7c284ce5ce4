"""The report's conclusion on a corpus whose truth is known: with three seeds, stories and networks drawn anew."""

import json
from collections.abc import Callable

import pytest

from handcraft.corpus.planted.table import RULES
from handcraft.files import read_json
from tests.workflow.conftest import Checkout

SIZE = """
seed: {seed}
corpus: {{planted: {{stories: 4000, best_linear: {{factor: 10}}}}}}
contexts: {{compare_match: none}}
predictors:
  causal_lms: {{small-llama: null}}
  linear: {{l1: null, count: 8, smallest: 3.0e-4, resamples: 0}}
groups: {groups}
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_planted_groups_get_the_right_verdict(seed: int, new_checkout: Callable[[], Checkout]) -> None:
    checkout = new_checkout()
    groups = json.dumps({group: rules.candidates for group, rules in RULES.items()})
    (checkout.path / "size.yaml").write_text(SIZE.format(seed=seed, groups=groups))
    files = {group: f"results/evaluation/{group}/linearity.json" for group in RULES}
    checkout.snakemake(*files.values(), "--quiet=rules", "size.yaml")
    for group, path in files.items():
        found = read_json(checkout.path / path)
        right = "linear" if RULES[group].is_linear else "not linear"
        assert found["truth_verdict"] == right, group
        # The data alone may leave it open, and must not say the opposite.
        assert found["verdict"] in (right, "undecided"), group
        if right == "linear":
            assert found["truth"]["value"] == pytest.approx(1, abs=0.02)
