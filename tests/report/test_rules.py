"""What the report says of rules: how many take the place of how many weights, and what a file's rules gain."""

import html
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handcraft.analysis.find_rules import COLUMNS as PROPOSED
from handcraft.analysis.rules import COLUMNS as WRITTEN
from handcraft.evaluation.rules_curve import COLUMNS as CURVE
from handcraft.files import write_csv, write_tensors, write_text
from handcraft.report.fill import fill_report
from handcraft.report.sections.rules import reached
from tests.helpers.synthetic import GROUPS, metadata


def curve(kind: str, losses: dict[int, float], linear: float = 1.0) -> list[dict[str, Any]]:
    """Rows of a curve; no rule has a loss of 1.5."""
    return [
        {
            "kind": kind,
            "size": size,
            "loss": loss,
            "gain": 1.5 - loss,
            "difference": loss - linear,
            "difference_low": loss - linear - 0.05,
            "n": 9,
            "stories": 3,
        }
        for size, loss in losses.items()
    ]


def fill(results: Path, root: Path, folder: Path, file: bool, **names: Any) -> str:
    """The section's text, of proposals in every group and a file in the last one."""
    other = Path(shutil.copytree(results, folder / "results"))
    for i, group in enumerate(GROUPS):
        rows = curve("proposals", {0: 1.5, 1: 1.3, 7: 1.04 if i else 1.1})
        rows += curve("path", {0: 1.5, 12: 1.2, 60: 1.0})
        proposed = {
            "step": 0,
            "rule": "was at -1 to -2",
            "pushes": "so -1.25",
            "tokens": 1,
            "seen": 1234,
            "held_out": 5,
        }
        proposed |= {"expected": 0.17, "came": 0.83, "z": 9.0, "examples": "[]", "wrong": "[]"}
        write_csv(other / "rules" / group / "proposals.csv", [proposed], PROPOSED)
        write_csv(other / "evaluation" / group / "rules_curve.csv", rows, CURVE)
    if file:
        row = {
            "line": 3,
            "rule": "one of {a, <b>} at -1",
            "pushes": "so +1",
            "origin": "proposed",
            "why": "x",
        }
        row |= {
            "seen": 5,
            "held_out": 5,
            "coverage": 0.25,
            "overlap": 0.5,
            "conflict": 0.5,
            "precision": 0.75,
        }
        row |= {
            "gain": 0.01,
            "low": 0.0,
            "high": 0.02,
            "refitted": 0.0,
            "refitted_low": -0.01,
            "refitted_high": 0.01,
        }
        write_csv(
            other / "rules" / list(GROUPS)[-1] / "rules.csv", [row | {"alone": 0.2, "redundant": 1}], WRITTEN
        )
        model = other / "rules" / list(GROUPS)[-1] / "refitted.safetensors"
        write_tensors(model, {"start": np.zeros(1)}, {"by": "me, <not> blind"})
    write_text(other / "figures" / "rules_curve.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    fill_report(
        other, root / "report", output=folder / "source", metadata=metadata(planted=False, lm=False, **names)
    )
    text = html.unescape((folder / "source" / "_rules.qmd").read_text(encoding="utf-8"))
    return re.sub(r"\{\.interval\}", "", text)


def test_proposals_are_told_with_the_weights_that_they_replace(
    real_results: Path, root: Path, tmp_path: Path
) -> None:
    text = fill(real_results, root, tmp_path, file=False)
    assert "7 rules in pronouns (and 60 weights) and 7 rules in feelings (and 60 weights)" in text
    assert "rules in conjunctions (and" not in text
    # The interval is 0.05 wide to either side.
    assert "above that of the linear model: 7 in pronouns and 7 in feelings." in text
    assert "The proposals do not get so far in conjunctions." in text
    assert "For 90% of what the linear model gains" in text
    assert "1.100 in conjunctions (linear: 1.000)" in text
    assert "No person has checked these rules" in text
    # On paper a number's hyphen is a minus sign.
    assert "| was at −1 to −2 | so −1.25 | 1,234 | 17% | 83% |" in text
    assert "tbl-written" not in text


def test_a_file_is_shown_with_what_its_rules_gain(real_results: Path, root: Path, tmp_path: Path) -> None:
    text = fill(real_results, root, tmp_path, file=True, rules_ignored=["files/pest.yaml"])
    assert "the rules of feelings that matter most" in text
    assert "1 of its rules are redundant" in text
    assert "with what in view: “me, <not> blind”" in text
    assert "redundant, proposed" in text
    assert "one of {a, <b>} at −1" in text
    assert "not written by a person who looked" not in text
    assert "no group of the config uses: files/pest.yaml" in text


@pytest.mark.parametrize(
    ("losses", "size"), [({0: 1.5, 4: 1.04, 9: 1.03}, 4), ({0: 1.5, 9: 1.06}, None), ({0: 1.5}, None)]
)
def test_the_fewest_rules_that_are_enough(losses: dict[int, float], size: int | None) -> None:
    found = reached(curve("proposals", losses), "proposals")
    assert (found and found["size"]) == size
    # Where the linear model gains nothing, nothing is counted.
    assert reached(curve("proposals", losses, linear=1.6), "proposals") is None
