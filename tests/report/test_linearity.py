"""What the report says of verdicts, case by case: it cannot say linear where the truth or the data speak against it."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from handcraft.files import read_json, write_json
from handcraft.report.fill import fill_report
from handcraft.report.sections.linearity import REASONS, times_as_many, verdict_short
from tests.helpers.synthetic import GROUPS, metadata


def said(results: Path, root: Path, tmp_path: Path, planted: bool = True, **changed: Any) -> tuple[str, str]:
    """Short version and section, where every group's verdict has `changed`."""
    other = Path(shutil.copytree(results, tmp_path / "results"))
    for group in GROUPS:
        path = other / "evaluation" / group / "linearity.json"
        write_json(path, read_json(path) | changed)
    names = metadata() if planted else metadata(planted=False, lm=False)
    fill_report(other, root / "report", output=tmp_path / "source", metadata=names)
    texts = [(tmp_path / "source" / f"_{name}.qmd").read_text() for name in ("short", "linearity")]
    return texts[0].split("\n")[0], texts[1]


def test_with_bayes_far_above_linear_it_cannot_say_linear(results: Path, root: Path, tmp_path: Path) -> None:
    short, section = said(results, root, tmp_path, verdict="linear", truth_verdict="not linear", reason="")
    assert "**not linear** in conjunctions, pronouns and feelings" in short
    assert "**linear**" not in short
    assert "**wrong in conjunctions, pronouns and feelings**" in section
    assert "the choice is linear in" not in section


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_its_sentence(real_results: Path, root: Path, tmp_path: Path, reason: str) -> None:
    changed = {"verdict": "undecided", "reason": reason, "times": 4.2}
    short, section = said(real_results, root, tmp_path, planted=False, **changed)
    assert "**undecided** in conjunctions, pronouns and feelings" in short
    assert REASONS[reason].replace("{}", "conjunctions, pronouns and feelings") in section
    assert ("conjunctions about 5 times as many" in section) == (reason == "wide")
    assert "the choice is linear" not in section
    assert "the choice is not linear" not in section


@pytest.mark.parametrize("verdict", ["linear", "not linear"])
def test_verdicts_on_real_text(real_results: Path, root: Path, tmp_path: Path, verdict: str) -> None:
    short, section = said(real_results, root, tmp_path, planted=False, verdict=verdict, reason="")
    assert f"**{verdict}**" in short
    assert f"In conjunctions, pronouns and feelings the choice is {verdict}:" in section
    assert "undecided in" not in short + section


def test_one_sentence_names_all_verdicts() -> None:
    found = {"linear": ["a"], "not linear": ["b", "c"], "undecided": ["<d>"]}
    assert verdict_short(found, "95%") == (
        "The choice is **linear** (at least 95% of what can be gained over the words' shares) in a, "
        "**not linear** in b and c and **undecided** in &#60;d&#62;"
    )
    assert (
        verdict_short(found | {"linear": [], "undecided": []}, "95%")
        == "The choice is **not linear** in b and c"
    )


def test_how_many_more_stories() -> None:
    assert [times_as_many(x) for x in (1.1, 4.2, 400.0, None)] == [
        "about 2 times",
        "about 5 times",
        "more than 100 times",
        "more than 100 times",
    ]
