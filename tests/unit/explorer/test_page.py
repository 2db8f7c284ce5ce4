"""The explorer: influence against a plain loop, similar tokens, the page as a file, and the same in the terminal."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from handcraft.analysis.influence import evaluate_influence, read_influence
from handcraft.commands.main import main
from handcraft.contexts.read import read_contexts
from handcraft.errors import UserError
from handcraft.explorer.data import EACH, choose_contexts
from handcraft.explorer.explain import explain_text, format_explanation
from handcraft.explorer.page import BEGIN, END, PLACE, About, put_into_report
from handcraft.explorer.similar import similar_tokens
from handcraft.explorer.tokenizer_data import character_classes
from handcraft.files import read_json, read_tensors, write_json, write_tensors
from handcraft.math import centred
from handcraft.pages import packed
from handcraft.predictors.linear.predict import linear_logits
from handcraft.tokenizer.tokens import load_tokenizer
from tests.helpers.explorer import HELD_OUT, LENGTH, TRAINING, ExplorerFiles
from tests.helpers.html import Elements
from tests.helpers.labelling import HOSTILE

KINDS = {"u1": "<u1", "u2": "<u2", "u4": "<u4", "f4": "<f4"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, small_tokenizer: Path) -> ExplorerFiles:
    return ExplorerFiles(tmp_path_factory.mktemp("explorer"), small_tokenizer)


@pytest.fixture(scope="module")
def page(made: ExplorerFiles) -> str:
    return made.build().read_text()


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text[3:]), KINDS[text[:2]])


def blocks(page: str) -> dict[str, dict]:
    found = re.findall(r'<script type="application/json" id="([^"]+)">(.*?)</script>', page, re.DOTALL)
    return {name: json.loads(text) for name, text in found}


def test_influence_is_what_removing_each_weight_does(made: ExplorerFiles) -> None:
    found = read_influence(made.at("first", "influence"))
    tensors, asked = read_tensors(made.at("first", "weights")), read_contexts(made.at("first", "validation"))
    weight, bias = tensors["weight"], tensors["bias"]
    support = read_tensors(made.at("first", "support"))["support"]

    def loss(weight: np.ndarray) -> float:
        logits = linear_logits(weight, bias, asked.tokens)
        chosen = logits[np.arange(len(asked)), asked.labels]
        return float((np.log(np.exp(logits).sum(1)) - chosen).mean())

    assert len(found) == (weight != 0).any(2).sum()
    assert (found.training_contexts, found.held_out_contexts) == (TRAINING, HELD_OUT)
    acting = np.flatnonzero(found.held_out)
    assert len(acting) > 50
    for i in [*acting[:: len(acting) // 25], int(np.flatnonzero(found.held_out == 0)[0])]:
        position, token = found.position[i], found.token[i]
        without = weight.copy()
        without[position, token] = 0
        assert found.loss_added[i] == pytest.approx(loss(without) - loss(weight), abs=1e-12)
        acts = asked.tokens[:, position] == token
        moved = np.where(acts[:, None], np.abs(centred(weight[position, token])), 0)
        assert found.contribution[i] == pytest.approx(moved.mean(), abs=1e-12)
        assert (found.held_out[i], found.support[i]) == (acts.sum(), support[position, token])


def test_influence_of_other_weights_is_refused(made: ExplorerFiles, tmp_path: Path) -> None:
    weight = {"weight": np.zeros((3, 5, 3), np.float32), "bias": np.zeros(3, np.float32)}
    write_tensors(tmp_path / "w.safetensors", weight, {"candidates": ["a", "b", "c"]})
    support, held_out = made.at("first", "support"), made.at("first", "validation")
    with pytest.raises(UserError, match="do not fit"):
        evaluate_influence(
            tmp_path / "w.safetensors", support, held_out=held_out, output=tmp_path / "out.parquet"
        )
    made.files["second"], kept = (
        replace(made.files["second"], influence=made.at("first", "influence")),
        made.files["second"],
    )
    with pytest.raises(UserError, match="influence is of other weights"):
        made.build("broken")
    made.files["second"] = kept
    assert not (made.folder / "broken.html").exists()


def test_similar_tokens_are_alike_and_not_rare() -> None:
    random = np.random.default_rng(0)
    weight = np.zeros((4, 9, 3))
    weight[:, 0] = centred(random.normal(size=(4, 3)))
    weight[:, 1] = 2 * weight[:, 0]  # the same direction, seen often
    weight[:, 2] = weight[:, 0]  # the same weights, hardly ever seen
    weight[:, 3] = -weight[:, 0]
    weight[:, 4] = centred(weight[:, 0] + 0.5 * random.normal(size=(4, 3)))
    support = np.full((4, 9), 1000)
    support[:, 2] = 1
    tokens, others, likeness = similar_tokens(weight, support)
    assert tokens.tolist() == [0, 1, 2, 3, 4]
    assert others[0, :2].tolist() == [1, 4]
    assert likeness[0, 0] == pytest.approx(4000 / 4050, abs=1e-4)
    rare = likeness[0][others[0] == 2]
    assert rare.max(initial=0) == pytest.approx(4 / 54, abs=1e-4)
    assert 3 not in others[0][likeness[0] > 0], "what points the other way is not alike"


def test_the_most_influential_weights_are_sure_of_their_contexts(made: ExplorerFiles) -> None:
    effect, asked = (
        read_influence(made.at("first", "influence")),
        read_contexts(made.at("first", "validation")),
    )
    rows = choose_contexts(asked, effect)
    assert (np.diff(rows) > 0).all()
    for i in range(len(effect)):
        shown = (asked.tokens[rows, effect.position[i]] == effect.token[i]).sum()
        assert shown >= min(EACH, effect.held_out[i])


def test_the_blocks_say_what_the_files_say(made: ExplorerFiles, page: str) -> None:
    data = blocks(page)
    assert list(data) == ["ex-tokenizer", "ex-group-first", "ex-group-second"]
    for group in made.groups:
        given = data[f"ex-group-{group}"]
        tensors = read_tensors(made.at(group, "weights"))
        weight = np.zeros((LENGTH * made.vocabulary, 3), np.float32)
        rows = np.repeat(unpacked(given["active"]), unpacked(given["each"]))
        weight[rows, unpacked(given["columns"])] = unpacked(given["values"])
        assert np.array_equal(weight.reshape(tensors["weight"].shape), tensors["weight"])
        assert (unpacked(given["values"]) != 0).all()
        support = np.zeros(LENGTH * made.vocabulary, int)
        support[unpacked(given["seen"])] = unpacked(given["support"])
        assert np.array_equal(support, read_tensors(made.at(group, "support"))["support"].ravel())
        assert len(unpacked(given["contexts"])) == LENGTH * len(unpacked(given["labels"])) > 0


def test_two_builds_are_byte_identical(made: ExplorerFiles, page: str) -> None:
    assert made.build("again").read_text() == page


def test_nothing_is_loaded_and_only_the_stated_script_may_run(made: ExplorerFiles) -> None:
    text = made.build("hostile", about=About(HOSTILE, HOSTILE), titles=[HOSTILE, "x"]).read_text()
    found = Elements(text)
    scripts = [a.get("type") for tag, a in found.tags if tag == "script"]
    assert scripts == ["application/json"] * 3 + [None]
    assert not [tag for tag, _ in found.tags if tag in ("img", "iframe", "link") and tag != "link"]
    addresses = [v for _, a in found.tags for k, v in a.items() if k in ("src", "href", "action", "srcset")]
    assert addresses == ["data:,"]
    assert "://" not in text
    assert not [a for _, a in found.tags if any(k.startswith("on") or k == "style" for k in a)]
    policy = str(
        next(a["content"] for _, a in found.tags if a.get("http-equiv") == "Content-Security-Policy")
    )
    for content in [*found.styles, found.scripts[-1]]:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'" in policy
    assert "default-src 'none'" in policy


def test_without_excerpts_no_context_is_in_the_page(made: ExplorerFiles) -> None:
    data = blocks(made.build("quiet", about=About("Which?", "Made up", excerpts=False)).read_text())[
        "ex-group-first"
    ]
    assert (len(unpacked(data["contexts"])), len(unpacked(data["labels"])), data["excerpts"]) == (0, 0, False)


def test_without_resampling_no_stability_is_claimed(made: ExplorerFiles) -> None:
    files = {name: replace(one, resampling=None) for name, one in made.files.items()}
    made.files, kept = files, made.files
    data = blocks(made.build("plain").read_text())["ex-group-first"]
    made.files = kept
    assert data["resamples"] == 0
    assert not {"spread", "same"} & set(data)


def test_another_kind_of_tokenizer_is_refused(made: ExplorerFiles, tmp_path: Path) -> None:
    content = read_json(made.tokenizer)
    write_json(tmp_path / "tokenizer.json", content | {"normalizer": {"type": "NFC"}})
    made.tokenizer, kept = tmp_path / "tokenizer.json", made.tokenizer
    with pytest.raises(UserError, match="byte-level BPE"):
        made.build("other")
    made.tokenizer = kept


def test_numbers_are_packed_whole_or_refused() -> None:
    for values, kind in (([0, 255], "u1"), ([256], "u2"), ([65536], "u4"), ([0.5], "f4"), ([], "f4")):
        text = packed(np.array(values))
        assert text[:3] == f"{kind}:"
        assert unpacked(text).tolist() == values
    for wrong in ([-1], [2**32]):
        with pytest.raises(ValueError, match="four bytes"):
            packed(np.array(wrong))


def test_letters_and_numbers_are_the_librarys(made: ExplorerFiles) -> None:
    encoder = load_tokenizer(made.tokenizer)
    cut = encoder.pre_tokenizer.pre_tokenize_str
    for ranges, kind in zip(character_classes(encoder), ("letter", "number"), strict=True):
        for first, last in ranges.tolist():
            for point in {first - 1, first, last, last + 1} - {0xD7FF + 1, 0xDFFF, 32}:
                pieces = [span for _, span in cut(f"a{chr(point)}1")]
                found = "letter" if (0, 2) in pieces else "number" if (1, 3) in pieces else None
                assert (found == kind) == (first <= point <= last), hex(point)


def test_the_report_takes_the_part_in_and_nothing_else(
    made: ExplorerFiles, page: str, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    report.write_text(f"<html><body><p>before</p>{PLACE}<p>after</p></body></html>")
    put_into_report(report, made.build())
    text = report.read_text()
    part = page[page.index(BEGIN) + len(BEGIN) : page.index(END)]
    assert text == f"<html><body><p>before</p>{part}<p>after</p></body></html>"
    assert (PLACE in text, text.count('id="explorer"')) == (False, 1)
    put_into_report(report, made.build())
    assert report.read_text() == text, "a report without the place stays as it is"
    report.write_text(PLACE)
    with pytest.raises(UserError, match="not the explorer's page"):
        put_into_report(report, tmp_path / "report.html")


def test_an_explanation_is_the_models_sum(made: ExplorerFiles) -> None:
    files = made.at("first", "weights"), made.at("first", "support"), made.tokenizer
    tensors = read_tensors(files[0])
    for text in (
        "The cat and the dog ran, but the sun was hot, so they sat in the day",
        "The cat",
        "",
        "é\x00😀",
    ):
        ids = np.array(load_tokenizer(made.tokenizer).encode(text).ids, int)[-LENGTH:]
        padded = np.zeros((1, LENGTH), int)
        weight = np.concatenate(
            [tensors["weight"], np.zeros((LENGTH, 1, 3))], 1
        )  # one token that does nothing
        padded[:] = made.vocabulary
        if len(ids):
            padded[0, -len(ids) :] = ids
        found = explain_text(*files, text)
        assert found.logits == pytest.approx(linear_logits(weight, tensors["bias"], padded)[0], abs=1e-6)
        assert centred(found.logits) == pytest.approx(found.bias + found.push.sum(0), abs=1e-6)
        assert found.probabilities.sum() == pytest.approx(1)
        lines = format_explanation(found).splitlines()
        assert len([line for line in lines if line.lstrip().startswith("−")]) == len(ids)


def test_the_command_prints_it_and_names_the_groups_there_are(
    made: ExplorerFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "first", "x", "--build", str(tmp_path)]) == 1
    assert "no linear model was built here" in capsys.readouterr().err
    folder = tmp_path / "results" / "linear" / "first"
    folder.mkdir(parents=True)
    for name in ("weights", "support"):
        (folder / f"{name}.safetensors").write_bytes(made.at("first", name).read_bytes())
    (tmp_path / "results" / "tokenizer").mkdir()
    (tmp_path / "results" / "tokenizer" / "tokenizer.json").write_bytes(made.tokenizer.read_bytes())
    assert main(["explain", "frist", "x", "--build", str(tmp_path)]) == 1
    assert "did you mean 'first'?" in capsys.readouterr().err
    assert main(["explain", "first", "\x1b[31m and the dog", "--build", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "The model says “" in said
    assert "\x1b" not in said


def test_five_groups_as_large_as_a_real_corpus_stay_below_three_megabytes(
    small_tokenizer: Path, tmp_path: Path
) -> None:
    from handcraft.explorer.page import LARGEST
    from tests.helpers.explorer import REAL_WEIGHTS

    five = ExplorerFiles(tmp_path, small_tokenizer, tuple("abcde"), weights=REAL_WEIGHTS, contexts=1500)
    assert np.count_nonzero(read_tensors(five.at("a", "weights"))["weight"]) == REAL_WEIGHTS
    page = five.build()
    assert LARGEST / 4 < page.stat().st_size <= LARGEST == 3 * 2**20


def test_a_page_that_is_too_large_is_refused_by_name(
    made: ExplorerFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    from handcraft.explorer import page as explorer_page

    size = made.build().stat().st_size
    monkeypatch.setattr(explorer_page, "LARGEST", size - 1)
    with pytest.raises(UserError, match=r"the largest group is (first|second)") as raised:
        made.build("refused")
    assert "predictors.linear.smallest" in str(raised.value)
    assert not (made.folder / "refused.html").exists()
    monkeypatch.setattr(explorer_page, "LARGEST", size)
    assert made.build("allowed").is_file()
