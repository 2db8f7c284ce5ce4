"""Skip-trigrams and the tail on models whose truth is known."""

from pathlib import Path

import numpy as np
import pytest

from handcraft.analysis.one_layer.skip_trigrams import find_skip_trigrams, windows_with
from handcraft.analysis.one_layer.tail import Measured, evaluate_tail, sizes
from handcraft.config.model import Evaluation
from handcraft.config.predictors import OneLayer
from handcraft.files import read_csv, read_tensors, write_tensors
from handcraft.predictors.one_layer.shape import Shape
from handcraft.tokenizer.encode import TokenFiles
from handcraft.tokenizer.windows import Windows
from tests.helpers.artifacts import tokenizer_file
from tests.helpers.one_layer import LENGTH, VOCABULARY, random_model, save_model, token_files

A, B, C = 3, 5, 7
SETTINGS = Evaluation(bootstrap=200)


def stories(count: int, seed: int) -> list[np.ndarray]:
    """Random tokens, but C comes after B where A stands up to three tokens before."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        story = random.integers(0, VOCABULARY, 20)
        for i in range(LENGTH, 20):
            if story[i - 1] == B and A in story[i - LENGTH : i - 1]:
                story[i] = C
        found.append(story)
    return found


def all_files(folder: Path) -> dict[str, TokenFiles]:
    return {
        split: token_files(folder, split, stories(count, seed))
        for seed, (split, count) in enumerate({"train": 600, "validation": 500, "test": 500}.items())
    }


def skipping_model(path: Path, strength: float = 6.0) -> Path:
    """One head: on B it reads A, which speaks for C; on other tokens, what is not A, which says nothing.

    Nothing else is there, so that nothing adds to it.
    """
    V, d = VOCABULARY, 2 * VOCABULARY
    settings = OneLayer(width=d, heads=1, hidden=1, mlp="none", normalise=False)
    shape = Shape.of(settings, LENGTH, V)
    tensors = {name: np.zeros(size, np.float32) for name, size in shape.tensors().items()}
    for position in range(LENGTH):
        tensors["inputs"][position * V + np.arange(V), np.arange(V)] = 1
    tensors["qk"][B, 0] = 30
    tensors["qk"][A, d] = 1
    others = np.arange(V)
    tensors["qk"][others[others != B], 1] = 30
    tensors["qk"][others[others != A], d + 1] = 1
    tensors["values"][A, A] = 1
    tensors["out"][A, V + C] = strength
    tensors["unembed"][V + np.arange(V), np.arange(V)] = 1
    write_tensors(path, tensors, {"shape": shape.as_dict()})
    return path


def find(folder: Path, model: Path) -> tuple[list[dict[str, object]], Path, dict[str, TokenFiles]]:
    files = all_files(folder)
    tokenizer = tokenizer_file(folder / "tokenizer.json", ["he came and went "] * 9, 262)
    outputs = (folder / "claims.csv", folder / "reads.safetensors")
    find_skip_trigrams(model, tokenizer, files, settings=SETTINGS, seed=0, outputs=outputs)
    return read_csv(outputs[0]), outputs[1], files


def test_the_planted_skip_trigram_is_the_first_claim_and_comes_true(tmp_path: Path) -> None:
    rows, reads, _ = find(tmp_path, skipping_model(tmp_path / "model.safetensors"))
    first = rows[0]
    shown = {str(r[name]) for r in rows[:1] for name in ("source", "last", "output")}
    assert len(shown) == 3
    assert first["claimed"] > 1.5
    # Neither MLP nor norm: the direct path is all there is.
    assert first["came_true"] == pytest.approx(1, abs=0.1)
    assert abs(first["control"]) < 0.1
    assert first["low"] < first["ablated"] < first["high"]
    found = read_tensors(reads)
    best = int(found["keys"][found["worth"].argmax()])
    assert (best // VOCABULARY % VOCABULARY, best % VOCABULARY) == (A, B)


def test_the_output_of_a_claim_is_what_the_head_writes(tmp_path: Path) -> None:
    """The direct path of a read of A leads to C alone."""
    rows, *_ = find(tmp_path, skipping_model(tmp_path / "model.safetensors"))
    strongest = max(rows, key=lambda r: r["claimed"])
    assert strongest["output"] == rows[0]["output"]
    assert strongest["claimed"] > 3 * np.median([r["claimed"] for r in rows])


@pytest.mark.parametrize("kind", [{"attention": "none"}, {"attention": "average"}, {"mlp": "none"}])
def test_other_shapes_have_a_tail_or_none(tmp_path: Path, kind: dict[str, str]) -> None:
    model = save_model(tmp_path / "model.safetensors", random_model(**kind))
    rows, reads, files = find(tmp_path, model)
    assert (rows == []) == (kind.get("attention") == "none")
    outputs = (tmp_path / "tail.csv", tmp_path / "law.csv", tmp_path / "parts.csv")
    tokenizer = tmp_path / "tokenizer.json"
    evaluate_tail(model, tokenizer, reads, files, settings=SETTINGS, seed=0, outputs=outputs)
    kinds = {r["kind"] for r in read_csv(outputs[0])}
    assert ("reads" in kinds) == (kind.get("attention") != "none")
    assert ("neurons" in kinds) == (kind.get("mlp") != "none")


def test_all_parts_are_the_whole_model_and_none_gain_nothing(tmp_path: Path) -> None:
    model = skipping_model(tmp_path / "model.safetensors")
    _, reads, files = find(tmp_path, model)
    outputs = (tmp_path / "tail.csv", tmp_path / "law.csv", tmp_path / "parts.csv")
    evaluate_tail(
        model, tmp_path / "tokenizer.json", reads, files, settings=SETTINGS, seed=0, outputs=outputs
    )
    rows = [r for r in read_csv(outputs[0]) if r["kind"] == "reads"]
    assert rows[0]["share"] == 0
    assert rows[-1]["share"] == pytest.approx(1, abs=1e-6)
    assert rows[-1]["missing"] == pytest.approx(0, abs=1e-6)
    # A random one of many sorts of reads is not likely to be the one that counts.
    anyhow = [r for r in read_csv(outputs[0]) if r["kind"] == "reads_any"]
    assert anyhow[1]["share"] < 0.1
    assert anyhow[-1]["share"] == pytest.approx(1, abs=1e-6)
    # One sort of read is most of what this model knows.
    assert rows[1]["size"] == 1
    assert rows[1]["share"] > 0.8
    head = next(r for r in read_csv(outputs[2]) if r["kind"] == "head")
    assert head["low"] > 0


def test_windows_with_finds_all_that_there_are(tmp_path: Path) -> None:
    windows = Windows(token_files(tmp_path, "test", stories(200, 5)), LENGTH)
    found = windows_with(windows, A, B, 10**6, np.random.default_rng(0))
    rows = windows.rows(np.arange(len(windows)))
    expected = np.flatnonzero((rows[:, LENGTH - 1] == B) & (rows[:, : LENGTH - 1] == A).any(1))
    assert found.tolist() == expected.tolist()
    assert len(windows_with(windows, A, B, 3, np.random.default_rng(0))) == 3


def test_a_law_comes_back_with_its_exponent_and_its_end() -> None:
    count, exponent, cutoff = 10_000, 0.3, 2000.0
    kept = sizes(count)
    missing = [float(n < count) * max(n, 0.1) ** -exponent * np.exp(-n / cutoff) for n in kept]
    parts = [("all", 0), *(("reads", n) for n in kept)]
    random = np.random.default_rng(0)
    contexts = 1 + random.normal(0, 0.3, 400)
    losses = np.column_stack([contexts, *(contexts + m + random.normal(0, 0.001, 400) for m in missing)])
    measured = Measured.of(parts, losses, np.arange(400), SETTINGS, 0)
    law = measured.law("reads", count)
    assert law["exponent_low"] <= exponent <= law["exponent_high"]
    assert law["exponent"] == pytest.approx(exponent, abs=0.02)
    assert law["cutoff"] == pytest.approx(cutoff, rel=0.2)
    assert law["fit"] > 0.99
    assert law["half"] < law["most"] <= count


def test_what_falls_exponentially_has_no_power_and_one_story_no_law() -> None:
    count, cutoff = 10_000, 2000.0
    kept = sizes(count)
    parts = [("all", 0), *(("reads", n) for n in kept)]
    random = np.random.default_rng(0)
    contexts = 1 + random.normal(0, 0.3, 400)
    missing = [float(n < count) * np.exp(-n / cutoff) for n in kept]
    losses = np.column_stack([contexts, *(contexts + m + random.normal(0, 0.001, 400) for m in missing)])
    law = Measured.of(parts, losses, np.arange(400), SETTINGS, 0).law("reads", count)
    assert law["exponent"] == pytest.approx(0, abs=0.01)
    assert law["exponent_low"] <= 0
    assert law["cutoff"] == pytest.approx(cutoff, rel=0.2)
    alone = Measured.of(parts, losses, np.zeros(400, int), SETTINGS, 0)
    assert alone.law("reads", count)["exponent_low"] is None
    assert alone.tail("reads")[1]["low"] is None


def test_with_too_few_parts_no_law_is_fitted() -> None:
    parts = [("all", 0), *(("neurons", n) for n in sizes(3))]
    losses = np.column_stack([np.ones(9), *(np.full(9, 1 + m) for m in (1, 0.5, 0.2, 0))])
    law = Measured.of(parts, losses, np.arange(9), SETTINGS, 0).law("neurons", 3)
    assert "exponent" not in law
    assert law["half"] == 1
