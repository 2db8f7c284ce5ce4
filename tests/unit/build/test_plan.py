"""An estimate of a build: what is counted from a few stories, and what the rates make of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from handcraft.build.costs import START, expected_costs, speed
from handcraft.build.plan import make_plan, show_plan
from handcraft.build.sizes import LOOKED_AT, expected_sizes
from handcraft.commands.main import main
from handcraft.config.files import load_config
from handcraft.config.model import Config
from handcraft.corpus import retrieve_corpus
from handcraft.errors import UserError
from handcraft.files import read_json

ROOT = Path(__file__).resolve().parents[3]
STORY = "The cat and the dog sat in the sun all day, and so they were warm, but the sun went down number {}."


def config(**more: Any) -> Config:
    """The default config with one group and without causal LMs, and `more` of each block."""
    plain = {
        "groups": dict.fromkeys(("pronouns", "prepositions", "auxiliaries", "feelings")),
        "contexts": {"compare_match": "none"},
        "predictors": {"causal_lms": {"small-llama": None}},
    }
    for name, content in (("plain", plain), ("more", more)):
        Path(f"{name}.yaml").write_text(yaml.safe_dump(content))
    return load_config(ROOT / "config.yaml", Path("plain.yaml"), Path("more.yaml"))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    stories = [STORY.format(i) + " And so on." * int(rng.integers(0, 9)) for i in range(3 * LOOKED_AT)]
    Path("train.txt").write_text("\n".join(stories))
    Path("test.txt").write_text("\n".join(f"Mine. {s}" for s in stories[:300]))
    return {"source": "files", "files": {"train": ["train.txt"], "test": ["test.txt"], "separator": "line"}}


@pytest.mark.parametrize("share", [1, 0.2])
def test_stories_are_counted_within_fifteen_percent(files: dict[str, Any], share: float) -> None:
    cfg = config(corpus=files | {"shares": {"train": share}})
    sizes = expected_sizes(cfg)
    outputs = {s: Path(f"{s}.parquet") for s in ("train", "validation", "test")}
    retrieve_corpus(cfg.corpus, seed=0, outputs=outputs, summary=Path("summary.json"))
    for split, found in read_json("summary.json")["splits"].items():
        assert sizes.stories[split] == pytest.approx(found["stories"], rel=0.15), split
        assert sizes.characters[split] == pytest.approx(found["characters"], rel=0.15), split


def test_contexts_are_the_words_with_enough_text_before_them(files: dict[str, Any]) -> None:
    sizes = expected_sizes(config(corpus=files))
    # Of " and", " and", " so", " but" the first stands too early; "And so on." gives " so" up to eight times.
    assert sizes.contexts["conjunctions"]["test"] / 300 == pytest.approx(2 + 4, abs=1.1)
    limited = config(corpus=files, contexts={"compare_match": "none", "max_train": 50, "max_test": 100})
    contexts = expected_sizes(limited).contexts["conjunctions"]
    assert (contexts["train"], contexts["test"]) == (50, 100)


def test_costs_grow_with_contexts_and_name_the_model_that_is_not_known(files: dict[str, Any]) -> None:
    lm = {"title": "Mine", "model": "./nowhere"}
    cfg = config(corpus=files, predictors={"causal_lms": {"mine": lm}}, device="cpu")
    plan = make_plan(cfg, factor=1)
    assert plan.unknown == ["Mine (there is no such directory)"]
    assert not any("mine" in c.rule for c in plan.costs)
    sizes = expected_sizes(cfg)
    known = {c.rule: c for c in expected_costs(cfg, sizes, {"mine": 10**8}, gpu=False)}
    larger = {c.rule: c for c in expected_costs(cfg, sizes, {"mine": 10**9}, gpu=False)}
    asked = "predict_causal_lm (mine)"
    begun = START["transformers"] * known[asked].jobs
    assert (larger[asked].seconds - begun) / (known[asked].seconds - begun) == pytest.approx(10, rel=0.05)
    assert make_plan(cfg, factor=3).core_seconds == pytest.approx(3 * plan.core_seconds)
    assert "not known  Mine (there is no such directory): its time is left out" in show_plan(plan, 2)


def test_what_a_config_leaves_out_costs_nothing(files: dict[str, Any]) -> None:
    more = {
        "predictors": {"nonlinear": None, "one_layer": None, "linear": {"resamples": 0}},
        "pairs": None,
        "proposals": None,
        "learning_curve": None,
    }
    rules = {c.rule for c in make_plan(config(corpus=files, **more), factor=1).costs}
    assert rules == {"corpus, tokens, contexts", "train_linear", "all others"}


def test_no_file_is_an_error_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"corpus\.files\.train"):
        make_plan(config(corpus={"source": "files", "files": {"train": ["*.txt"]}}), factor=1)


def test_the_command_speaks_of_the_default_config(
    root: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    assert main(["plan", "--cores", "2"]) == 0
    out = capsys.readouterr().out
    for said in ("3,200 train", "conjunctions.token", "of one core", "minutes on 2", "downloads  nothing"):
        assert said in out


def test_the_speed_of_this_machine_is_a_ratio() -> None:
    assert 0.05 < speed() < 50
