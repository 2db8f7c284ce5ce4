"""The config: what is refused and how it is said, overlays, twins, and what is generated from it."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from handcraft.build.hooks import complete_lms, gpus
from handcraft.config import docs as config_docs
from handcraft.config.corpus import Corpus, Separator, SeparatorText
from handcraft.config.files import load_config
from handcraft.config.model import Config
from handcraft.errors import UserError


def overlay(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "overlay.yaml"
    path.write_text(text)
    return path


def refusal(root: Path, tmp_path: Path, text: str) -> str:
    with pytest.raises(UserError) as caught:
        load_config(root / "config.yaml", overlay(tmp_path, text))
    return str(caught.value)


def test_a_misspelt_key_is_refused_with_file_line_and_the_nearest_name(root: Path, tmp_path: Path) -> None:
    message = refusal(root, tmp_path, "seed: 1\npredictors:\n  linaer:\n    gap: 0.1\n")
    assert "predictors.linaer" in message
    assert "'linear'" in message
    assert "overlay.yaml, line 3" in message


def test_a_misspelt_key_inside_a_named_block_is_refused_with_the_nearest_name(
    root: Path, tmp_path: Path
) -> None:
    message = refusal(root, tmp_path, "predictors:\n  causal_lms:\n    small-llama: {titel: x}\n")
    assert "predictors.causal_lms.small-llama.titel: unknown key; did you mean 'title'?" in message
    assert "line 3" in message


def test_every_problem_is_listed_at_once(root: Path, tmp_path: Path) -> None:
    message = refusal(root, tmp_path, "sead: 1\nevaluation: {bootstrap: 3}\n")
    assert "sead" in message
    assert "evaluation.bootstrap" in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("groups: {colours: [' red']}", "at least 2"),
        ("groups: {colours: [' red', ' red']}", "listed twice: ' red'"),
        ("groups: {colours: [' red', '']}", "a candidate is empty"),
        ("groups: {'Two Words': [' red', ' blue']}", "match pattern"),
        ("corpus: {source: files}", "files.train must list at least one glob"),
        (
            "corpus: {shares: {test: 0.5}}",
            "shares.test would do nothing, since planted gives no test stories",
        ),
        (
            "corpus: {source: files, files: {train: [a.txt], test: [b.txt]}, shares: {test: 0.5, validation: 0.5}}",
            "shares.validation would do nothing, since files gives no validation stories",
        ),
        (
            "corpus: {source: hub, shares: {validation: 0.1}}",
            "shares.validation would do nothing, since hub gives no validation stories",
        ),
        ("corpus: {files: {separator: lines}}", "corpus.files.separator: give blank lines, line, file"),
        ("corpus: {files: {separator: '***'}}", "{text: '***'}"),
        ("corpus: {files: {separator: {txt: '***'}}}", "separator.txt: unknown key; did you mean 'text'?"),
        ("corpus: {files: {separator: {text: ''}}}", "corpus.files.separator.text"),
        ("corpus: {files: {separator: null}}", "corpus.files.separator"),
        ("corpus: {fractions: {validation: 0.6, test: 0.5}}", "leave nothing to train on"),
        ("figures: {tiles_group: conjunctoins}", "did you mean 'conjunctions'"),
        ("figures: {tiles: [was, ' was']}", "same file name"),
        ("predictors: {baseline: llama}", "is not one of causal_lms"),
        ("predictors: {causal_lms: {x: {title: X, model: some/model}}}", "needs revision"),
        ("predictors: {causal_lms: {x: {title: X}}}", "either model"),
        ("predictors: {causal_lms: {linear: {title: X, train: {}}}}", "name of another predictor"),
        (
            "predictors: {baseline: x, causal_lms: {x: {title: X, train: {}, contexts: 500}}}",
            "must be evaluated on all contexts",
        ),
        ("predictors: {linear: {l1: [-1.0]}}", "greater than or equal to 0"),
        ("predictors: {linear: {l1: [.nan]}}", "finite"),
        (
            "predictors: {causal_lms: {x: {title: X, train: {}, memory_gb: .inf}}}",
            "memory_gb: Input should be a finite",
        ),
        ("predictors: {causal_lms: {x: {title: X, train: {width: 97}}}}", "width 97 is not a multiple of"),
        ("predictors: {causal_lms: {x: {title: X, train: {width: 36}}}}", "twice the heads (8)"),
        ("contexts: {length: 64}", "causal_lms.small-llama.train.context: 64 is too short"),
        ("groups: {on: [' a', ' b']}", "groups.on: YAML reads this key as true or false: put it in quotes"),
        ("groups: {null: [' a', ' b']}", "groups.null: YAML reads this key as null"),
        ("groups: {7: [' a', ' b']}", "groups.7: YAML reads this key as a number"),
        (
            "groups: {x: [no, ' b']}",
            "groups.x.candidates.0: YAML reads no as true or false: put it in quotes",
        ),
        ("groups: {x: [' a', 1.50]}", "groups.x.candidates.1: YAML reads 1.50 as a number"),
        ("groups: {x: {title: 2026-01-01, candidates: [' a', ' b']}}", "YAML reads 2026-01-01 as a date"),
        ("seed: 1\nthreads: 1\nseed: 2", "seed: given twice, so that the first would be lost"),
        ("predictors: {linear: {l1: [.inf]}}", "finite"),
        ("predictors: {linear: {l1: []}}", "at least 1 item"),
    ],
)
def test_values_that_cannot_work_are_refused(root: Path, tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(root, tmp_path, text)


def test_shares_of_splits_that_the_source_gives_are_taken(root: Path, tmp_path: Path) -> None:
    text = "corpus: {source: files, files: {train: [a.txt], test: [b.txt]}, shares: {train: 0.1, test: 0.5}}"
    assert load_config(root / "config.yaml", overlay(tmp_path, text)).corpus.shares.test == 0.5
    load_config(root / "config.yaml", root / "config" / "tinystories-small.yaml")


def test_a_key_given_twice_is_named_with_both_lines(root: Path, tmp_path: Path) -> None:
    message = refusal(root, tmp_path, "corpus:\n  title: a\n  name: b\n  title: c\n")
    assert "corpus.title" in message
    assert "overlay.yaml, lines 2 and 4" in message


def test_the_line_is_of_the_file_that_has_most_of_the_key(root: Path, tmp_path: Path) -> None:
    message = refusal(root, tmp_path, "predictors: {linear: {count: 1}}\n")
    assert "predictors.linear.count" in message
    assert "overlay.yaml, line 1" in message
    assert "config.yaml, line" not in message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("seed: 1".encode("utf-16"), "UTF-8"),
        (b"[" * 3000 + b"]" * 3000, "odd.yaml, line 1"),
        (b"- a\n- b\n", "not a list of keys"),
    ],
)
def test_a_file_that_is_no_config_is_named_in_one_line(
    root: Path, tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "odd.yaml").write_bytes(content)
    with pytest.raises(UserError, match=r"odd\.yaml") as caught:
        load_config(root / "config.yaml", tmp_path / "odd.yaml")
    assert said in str(caught.value)


def test_a_missing_or_broken_file_is_named(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.yaml"):
        load_config(root / "config.yaml", tmp_path / "nowhere.yaml")
    with pytest.raises(UserError, match=r"overlay\.yaml"):
        load_config(root / "config.yaml", overlay(tmp_path, "seed: [1\n"))


DIRECTIONS = [*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))]


@pytest.mark.parametrize("character", DIRECTIONS, ids=ascii)
@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("report.title", "report: {{title: a{}b}}"),
        ("corpus.title", "corpus: {{title: 'a{}b'}}"),
        ("groups.x.title", "groups: {{x: {{title: 'a{}b', candidates: [' a', ' b']}}}}"),
        ("groups.x.candidates", "groups: {{x: [' a', ' b{}']}}"),
        ("figures.tiles", "figures: {{tiles: [',', '{}']}}"),
        (
            "predictors.causal_lms.x.title",
            "predictors: {{causal_lms: {{x: {{title: 'a{}b', train: {{}}}}}}}}",
        ),
        ("corpus.files.train", "corpus: {{files: {{train: ['a{}.txt']}}}}"),
        ("corpus.files.separator.text", "corpus: {{files: {{separator: {{text: '{}'}}}}}}"),
    ],
)
def test_characters_that_turn_text_around_are_refused_with_the_key(
    root: Path, tmp_path: Path, key: str, text: str, character: str
) -> None:
    message = refusal(root, tmp_path, text.format(character))
    assert f"{key}: U+{ord(character):04X}" in message
    assert character not in message


def test_titles_in_right_to_left_scripts_are_taken(root: Path, tmp_path: Path) -> None:
    title = "\u05e9\u05dc\u05d5\u05dd\u200f (\u0633\u0644\u0627\u0645\u200e)"
    assert (
        load_config(root / "config.yaml", overlay(tmp_path, f"report: {{title: {title}}}")).report.title
        == title
    )


@pytest.mark.parametrize(
    ("value", "separator"),
    [
        ("blank lines", "blank lines"),
        ("{text: blank lines}", SeparatorText(text="blank lines")),
        ('{text: "\\n---\\n"}', SeparatorText(text="\n---\n")),
    ],
)
def test_a_separator_of_stories_is_a_named_one_or_a_text(
    root: Path, tmp_path: Path, value: str, separator: Separator
) -> None:
    text = f"corpus: {{source: files, files: {{train: [a.txt], separator: {value}}}}}"
    cfg = load_config(root / "config.yaml", overlay(tmp_path, text))
    assert cfg.corpus.files.separator == separator
    assert Corpus(**cfg.corpus.retrieved()).files.separator == separator  # as a rule's params have it


def test_one_line_adds_a_group_and_null_drops_one(root: Path, tmp_path: Path) -> None:
    cfg = load_config(
        root / "config.yaml", overlay(tmp_path, "groups:\n  colours: [' red', ' blue']\n  feelings: null\n")
    )
    assert cfg.groups["colours"].candidates == [" red", " blue"]
    assert "feelings" not in cfg.groups


def test_twins_have_the_other_match(root: Path, tmp_path: Path) -> None:
    text = (
        "contexts: {compare_match: [conjunctions, pronouns]}\n"
        "groups: {pronouns: {candidates: [' he', ' she'], match: token}}"
    )
    variants = {v.name: v for v in load_config(root / "config.yaml", overlay(tmp_path, text)).variants()}
    assert variants["conjunctions"].match == "word"
    assert variants["conjunctions.token"].match == "token"
    assert variants["pronouns"].match == "token"
    assert variants["pronouns.word"].match == "word"
    assert "feelings.token" not in variants


def test_an_overlay_lies_over_blocks_of_the_default(root: Path) -> None:
    cfg = load_config(root / "config.yaml", root / "config" / "tinystories.yaml")
    assert cfg.corpus.source == "hub"
    assert cfg.baseline() == "llama-3-1-8b"
    assert list(cfg.predictors.causal_lms) == ["llama-3-1-8b", "smollm2-135m", "pythia-160m", "gpt2"]
    # Every model of the hub is pinned to a commit; the small ones are asked a sample.
    assert all(re.fullmatch("[0-9a-f]{40}", str(lm.revision)) for lm in cfg.predictors.causal_lms.values())
    assert complete_lms(cfg) == ["llama-3-1-8b"]
    assert gpus(cfg, cfg.predictors.causal_lms["gpt2"].model_copy(update={"device": "cpu"})) == 0
    assert len(cfg.groups) == 5


def test_tile_names_are_safe_file_names(root: Path, tmp_path: Path) -> None:
    cfg = load_config(root / "config.yaml", overlay(tmp_path, "figures: {tiles: [',', ' was', '../x', ' ']}"))
    assert cfg.figures.tile_files() == {
        ",": "comma",
        " was": "was",
        "../x": "full-stop-full-stop-solidus-x",
        " ": "space",
    }


def test_schema_and_docs_are_what_the_model_says(root: Path) -> None:
    remedy = "run `make schema` and commit what it writes"
    assert (root / "config" / "schema.json").read_text() == config_docs.schema_text(), remedy
    assert (root / "docs" / "configuration.md").read_text() == config_docs.docs_text(), remedy


def test_the_default_config_fits_its_schema(root: Path) -> None:
    schema = json.loads((root / "config" / "schema.json").read_text())
    default = yaml.safe_load((root / "config.yaml").read_text())
    jsonschema.validate(default, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**default, "sead": 1}, schema)


def test_every_key_is_explained() -> None:
    """A key whose name does not say it all has a sentence in the docs; blocks are explained by their keys."""
    missing = [
        f"{model.__name__}.{name}"
        for model in _models(Config)
        for name, field in model.model_fields.items()
        if field.description is None
        and not list(config_docs.models_in(field.annotation))
        and name not in SELF_EVIDENT
    ]
    assert not missing


SELF_EVIDENT = {
    "validation", "test", "max_iterations", "batches", "batch_size", "learning_rate", "layers", "width", "heads",
    "steps", "context", "title", "dataset", "text_field", "dtype", "stories", "memory_gb", "runtime_minutes",
}  # fmt: skip


def _models(model: type) -> list[type]:
    inner = [m for f in model.model_fields.values() for m in config_docs.models_in(f.annotation)]  # type: ignore[attr-defined]
    return [model, *(m for i in inner for m in _models(i))]
