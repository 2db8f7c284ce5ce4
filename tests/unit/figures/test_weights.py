"""The figures of weights: what they show, the same bytes each time, and what is drawn when nothing is left."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handcraft.analysis.influence import evaluate_influence
from handcraft.analysis.shown import LARGE, RARE
from handcraft.figures import evidence, path, penalty, strips, weights
from handcraft.files import read_tensors, write_csv, write_tensors
from tests.helpers.artifacts import WORDS, contexts_file, support_file, weights_file
from tests.helpers.figures import drawn

LENGTH, CONTEXTS = 4, 20_000


@pytest.fixture
def made(small_tokenizer: Path, tmp_path: Path) -> dict[str, Any]:
    random = np.random.default_rng(1)
    weight = np.zeros((LENGTH, 300, 3))
    weight[-1, 44], weight[-2, 50], weight[0, 60] = [3, 0, -1], [0, 0, 2], [0.1, 0, 0]
    support = np.full((LENGTH, 300), 500)
    support[-2, 50] = round(RARE * CONTEXTS) - 1
    free = random.normal(0, 2, weight.shape)
    contexts = contexts_file(
        tmp_path / "c.safetensors", random.choice([44, 50, 60], (80, LENGTH)), random.integers(0, 3, 80), 300
    )
    files: dict[str, Any] = {
        "weights": weights_file(tmp_path / "w.safetensors", weight),
        "free": weights_file(tmp_path / "f.safetensors", free),
        "none": weights_file(tmp_path / "n.safetensors", np.zeros_like(weight)),
        "support": support_file(tmp_path / "s.safetensors", support, CONTEXTS),
        "tokenizer": small_tokenizer,
    }
    for name in ("weights", "none"):
        files[f"influence_{name}"] = tmp_path / f"{name}.parquet"
        # The support's metadata says nothing of the vocabulary; the weights do.
        output = files[f"influence_{name}"]
        evaluate_influence(files[name], files["support"], held_out=contexts, output=output)
    return files


def evidence_table(at: Path, shares: list[float | None]) -> Path:
    rows = [
        {
            "position": p - len(shares),
            "share": s,
            "share_low": s and s / 2,
            "share_high": s and s * 2,
            "up_to": s and s / 4,
        }
        for p, s in enumerate(shares)
    ]
    write_csv(at, rows)
    return at


def path_table(at: Path, empty: bool = False) -> Path:
    kept = (0, 0, 0) if empty else (0, 20, 300)
    marks = ((0, int(empty)), (0, 1), (1, 0))
    rows = [(10.0 ** -(i + 1), (0.9, 0.5, 0.4)[i], kept[i], *marks[i]) for i in range(3)]
    names = ("l1", "validation_loss", "nonzeros", "chosen", "sparser")
    write_csv(at, [dict(zip(names, r, strict=True)) | {"validation_se": 0.05} for r in rows])
    return at


def test_same_bytes_and_no_text_as_font(made: dict[str, Any], tmp_path: Path) -> None:
    table, other = evidence_table(tmp_path / "e.csv", [0.2, 0.8]), path_table(tmp_path / "p.csv")
    blank = evidence_table(tmp_path / "e0.csv", [None, None]), path_table(tmp_path / "p0.csv", empty=True)
    w, s, t = made["weights"], made["support"], made["tokenizer"]
    draws: dict[str, Any] = {
        "evidence": lambda out: evidence.plot_evidence([table, blank[0]], output=out, titles=["$a_b", "c"]),
        "path": lambda out: path.plot_path([other, blank[1], other], output=out, titles=["$a_b", "c", "d"]),
        "weights": lambda out: weights.plot_weights(w, s, tokenizer=t, output=out),
        "no weights": lambda out: weights.plot_weights(made["none"], s, tokenizer=t, output=out),
        "strips": lambda out: strips.plot_strips(
            w, s, influence=made["influence_weights"], tokenizer=t, named=[","], count=4, output=out
        ),
        "no strips": lambda out: strips.plot_strips(
            made["none"], s, influence=made["influence_none"], tokenizer=t, named=[], count=4, output=out
        ),
        "penalty": lambda out: penalty.plot_penalty(made["free"], w, support=s, output=out),
        "all taken": lambda out: penalty.plot_penalty(made["free"], made["none"], support=s, output=out),
    }
    for name, draw in draws.items():
        first, second = tmp_path / f"{name}1.svg", tmp_path / f"{name}2.svg"
        draw(first)
        draw(second)
        assert first.read_bytes() == second.read_bytes(), name
        assert "<text" not in first.read_text(), name
        assert "dc:date" not in first.read_text(), name


def test_bars_are_the_shares_and_lines_their_intervals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = evidence_table(tmp_path / "e.csv", [0.1, 0.3, 0.6])
    figure = drawn(
        monkeypatch, evidence, lambda: evidence.plot_evidence([table], output=tmp_path, titles=["a"])
    )
    axes = figure.axes[0]
    assert [bar.get_height() for bar in axes.patches] == [0.1, 0.3, 0.6]
    assert [bar.get_x() + bar.get_width() / 2 for bar in axes.patches] == pytest.approx([-3, -2, -1])
    assert [list(line.get_ydata()) for line in axes.lines[:3]] == [[0.05, 0.2], [0.15, 0.6], [0.3, 1.2]]
    assert list(axes.lines[3].get_ydata()) == pytest.approx([0.025, 0.075, 0.15])


def test_the_path_is_a_share_of_the_chosen_models_gain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = path_table(tmp_path / "p.csv")
    figure = drawn(monkeypatch, path, lambda: path.plot_path([table], output=tmp_path, titles=["a"]))
    line, ring, *_ = figure.axes[0].lines
    # Without weights the loss is 0.9, with 20 of them 0.5, with the chosen 300 it is 0.4.
    assert list(line.get_xdata()) == [20, 300]
    assert list(line.get_ydata()) == pytest.approx([0.8, 1.0])
    assert (list(ring.get_xdata()), list(ring.get_ydata())) == ([20], pytest.approx([0.8]))


def test_the_strongest_weights_stand_with_their_support(made: dict[str, Any]) -> None:
    found = weights.read_strongest(made["weights"], made["support"])
    raw = read_tensors(made["weights"])["weight"]
    order = sorted(
        ((p, t, k) for p, t, k in zip(*np.nonzero(raw), strict=True)),
        key=lambda at: -abs(float(raw[at]) - float(raw[at[0], at[1]].mean())),
    )
    assert list(zip(found.position, found.token, found.candidate, strict=True)) == order
    assert found.value[0] == pytest.approx(3 - 2 / 3)
    assert found.candidates == list(WORDS)
    assert found.unstable is None
    assert abs(found.value[found.token == 50][0]) > LARGE
    assert found.support[found.token == 50].tolist() == [round(RARE * CONTEXTS) - 1]


def test_cells_show_the_share_of_unstable_weights(
    made: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = read_tensors(made["weights"])["weight"]
    kept = np.ones(raw.shape, np.float32)
    kept[:, 50] = 0.1
    write_tensors(tmp_path / "r.safetensors", {"sign_stability": kept}, {})
    files = {"resampling": tmp_path / "r.safetensors", "tokenizer": made["tokenizer"], "output": tmp_path}
    found = weights.read_strongest(made["weights"], made["support"], files["resampling"])
    assert found.unstable is not None
    assert found.unstable.tolist() == [bool(t == 50) for t in found.token]
    figure = drawn(
        monkeypatch, weights, lambda: weights.plot_weights(made["weights"], made["support"], **files)
    )
    shares = np.ma.compressed(figure.axes[2].collections[0].get_array())
    assert set(shares.tolist()) == {0.0, 1.0}


def test_a_strip_is_position_by_word(
    made: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"influence": made["influence_weights"], "tokenizer": made["tokenizer"], "output": tmp_path}
    figure = drawn(
        monkeypatch,
        strips,
        lambda: strips.plot_strips(made["weights"], made["support"], named=[], count=2, **files),
    )
    cells = np.asarray(figure.axes[1].collections[0].get_array()).reshape(3, LENGTH)
    assert cells[:, -1] == pytest.approx([3 - 2 / 3, -2 / 3, -1 - 2 / 3])
    assert not cells[:, :-1].any()
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights == [500] * LENGTH
    assert [label.get_text() for label in figure.axes[1].get_yticklabels()] == ["and", "but", "so"]


def test_the_two_sides_of_the_penalty_have_one_scale_and_count_the_region(
    made: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = (made["free"], made["weights"])
    figure = drawn(
        monkeypatch, penalty, lambda: penalty.plot_penalty(*files, support=made["support"], output=tmp_path)
    )
    without, with_l1 = figure.axes
    assert without.get_ylim() == with_l1.get_ylim()
    assert [t.get_text() for t in with_l1.texts] == ["large but rare:\n1 inputs"]
    assert with_l1.lines[-1].get_xdata()[0] == pytest.approx(1e-3 * CONTEXTS)
    sizes = penalty.input_sizes(made["free"], made["support"])[0]
    assert len(sizes) == LENGTH * 300
