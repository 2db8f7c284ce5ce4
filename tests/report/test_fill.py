"""Filling the sources: values, absences, findings chosen by the data, and the checks that refuse a fault."""

import filecmp
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from handcraft.errors import UserError
from handcraft.evaluation.patterns import COLUMNS
from handcraft.files import (
    read_csv,
    read_json,
    read_metadata,
    read_tensors,
    write_csv,
    write_json,
    write_tensors,
)
from handcraft.report.check import check_filled, check_sources
from handcraft.report.collect import collect_values
from handcraft.report.fill import fill_report
from handcraft.report.findings import find
from handcraft.report.results import PredictorMetadata, Results
from handcraft.report.sections.examples import answered_contexts
from handcraft.report.values import Values, show, show_interval
from tests.helpers.synthetic import make_results, metadata


@pytest.fixture
def sources(root: Path, tmp_path: Path) -> Path:
    """A copy of report/ to spoil."""
    return Path(shutil.copytree(root / "report", tmp_path / "report"))


def _add(sources: Path, text: str) -> None:
    with (sources / "_limits.qmd").open("a", encoding="utf-8") as file:
        file.write(f"\n{text}\n")


def _all_text(source: Path) -> str:
    return "\n".join(p.read_text(encoding="utf-8") for p in sorted(source.glob("*.qmd")))


def test_the_same_artifacts_give_the_same_bytes(
    results: Path, source: Path, root: Path, tmp_path: Path
) -> None:
    again = tmp_path / "source"
    fill_report(results, root / "report", output=again, metadata=metadata())
    files = [str(p.relative_to(source)) for p in source.rglob("*") if p.is_file()]
    assert files
    assert sorted(files) == sorted(str(p.relative_to(again)) for p in again.rglob("*") if p.is_file())
    assert filecmp.cmpfiles(source, again, files, shallow=False)[0] == files


def test_numbers_are_those_of_the_tables(results: Path, source: Path) -> None:
    rows = read_csv(results / "evaluation" / "conjunctions" / "metrics.csv")
    value = next(r["value"] for r in rows if (r["predictor"], r["metric"]) == ("linear", "loss"))
    assert f"{value:.3f}" in (source / "_short.qmd").read_text()
    assert read_json(source / "values.json")["linear.conjunctions.loss"]["value"] == value


def test_the_table_of_recall_has_every_word_and_its_contexts(results: Path, source: Path) -> None:
    text = (source / "_results.qmd").read_text()
    rows = read_csv(results / "evaluation" / "pronouns" / "recall.csv")
    block = text[text.index("| **pronouns** |  | *he*") :].split("| **feelings**")[0]
    own = {r["candidate"]: r for r in rows if r["predictor"] == "linear"}
    line = next(line for line in block.splitlines() if line.startswith("|  | linear |"))
    for cell, (word, row) in zip(line.split("|")[3:], own.items(), strict=False):
        assert cell.strip().startswith(f"{100 * row['value']:.0f}% [{100 * row['low']:.0f} to"), word
        assert f"*{word.strip()}* [{row['n']}]" in block
    assert "majority" not in block
    conjunctions = read_csv(results / "evaluation" / "conjunctions" / "recall.csv")
    ends = sorted((r["value"], r["candidate"].strip()) for r in conjunctions if r["predictor"] == "linear")
    assert f"finds “{ends[-1][1]}” in {100 * ends[-1][0]:.0f}%" in text
    assert f"and “{ends[0][1]}” in {100 * ends[0][0]:.0f}%" in text


def test_the_endings_where_two_differ_are_shown_with_a_context_only_if_allowed(
    results: Path, source: Path, root: Path, tmp_path: Path
) -> None:
    tables = [
        read_csv(results / "evaluation" / g / "patterns.csv")
        for g in ("conjunctions", "pronouns", "feelings")
    ]
    assert any(tables)
    text = (source / "_language_models.qmd").read_text()
    block = text[text.index("{#sec-patterns}") : text.index("{#tbl-patterns}")]
    assert block.count("{.token}") == sum(len(r["pattern"].split()) for rows in tables for r in rows)
    assert "the context that differs most" in block
    fill_report(results, root / "report", output=tmp_path / "source", metadata=metadata(excerpts=False))
    text = (tmp_path / "source" / "_language_models.qmd").read_text()
    assert "{#tbl-patterns}" in text
    assert "the context that differs most" not in text
    other = Path(shutil.copytree(results, tmp_path / "results"))
    for path in other.glob("evaluation/*/patterns.csv"):
        write_csv(path, [], COLUMNS)
    fill_report(other, root / "report", output=tmp_path / "none", metadata=metadata())
    text = (tmp_path / "none" / "_language_models.qmd").read_text()
    assert "{#tbl-patterns}" not in text
    assert "After no last token" in text


def test_a_made_up_corpus_is_called_so_and_never_compared(source: Path) -> None:
    assert "Nothing here is a finding about English" in (source / "index.qmd").read_text()
    verdicts = re.findall(
        r"\| ([^|]+) \|$", (source / "_published_supplement.qmd").read_text(), re.MULTILINE
    )[1:]
    assert len(verdicts) == 18
    assert set(verdicts) == {"not comparable"}


def test_what_is_absent_is_said_to_be(real_results: Path, root: Path, tmp_path: Path) -> None:
    fill_report(
        real_results, root / "report", output=tmp_path / "source", metadata=metadata(planted=False, lm=False)
    )
    text = _all_text(tmp_path / "source")
    assert "names no causal language model" in text
    assert "no human labels exist" in text
    assert "absent" in text
    assert "planted" not in text
    assert "@tbl-planted" not in text


def test_a_named_but_missing_language_model_is_said_to_be(
    root: Path, real_results: Path, tmp_path: Path
) -> None:
    said = metadata(planted=False, lm=False, baseline="llama")
    said.predictors.append(PredictorMetadata(id="llama", title="Llama 3.1 8B"))
    fill_report(real_results, root / "report", output=tmp_path / "source", metadata=said)
    assert "No answers of the causal language model" in _all_text(tmp_path / "source")


def test_a_missing_model_is_said_with_its_remedy_and_the_others_stand(
    results: Path, root: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(results, tmp_path / "results"))
    record = {
        "available": False,
        "title": "Llama <3>",
        "what": "the model is gated",
        "where": "",
        "remedy": "ask *us*",
    }
    write_json(other / "models" / "llama.json", record)
    said = metadata(language_models=["llama", "small-llama"], given_models=["llama"])
    fill_report(other, root / "report", output=tmp_path / "source", metadata=said)
    text = (tmp_path / "source" / "_language_models.qmd").read_text()
    assert "**Llama &#60;3&#62;** could not be queried: the model is gated" in text
    assert "ask &#42;us&#42;" in text
    assert "tbl-lm-small-llama" in text
    assert "{{< include _language_models.qmd >}}" in (tmp_path / "source" / "index.qmd").read_text()


def test_groups_where_the_last_token_is_right_more_often_are_named(
    results: Path, root: Path, tmp_path: Path
) -> None:
    said = []
    for sign in (1, -1):
        other = Path(shutil.copytree(results, tmp_path / str(sign) / "results"))
        table = other / "evaluation" / "pronouns" / "comparisons.csv"
        rows = read_csv(table)
        for row in rows:
            if {row["a"], row["b"]} == {"linear", "last_token"} and row["metric"] == "accuracy":
                worse = sign if row["a"] == "last_token" else -sign
                row |= {"difference": 0.1 * worse, "low": 0.1 * worse - 0.05, "high": 0.1 * worse + 0.05}
        write_csv(table, rows)
        fill_report(other, root / "report", output=tmp_path / str(sign) / "source", metadata=metadata())
        said.append("By accuracy, the linear model is worse" in _all_text(tmp_path / str(sign) / "source"))
    assert said == [True, False]


def test_every_row_of_a_language_model_is_in_its_table(results: Path, source: Path) -> None:
    text = (source / "_language_models.qmd").read_text()
    for row in ("as it is", "rescaled", "prior-adjusted", "end of word", "whole story"):
        assert len(re.findall(rf"^\|[^|]*\| {row} \| \d", text, re.MULTILINE)) == 3, row
    value = read_json(source / "values.json")["lm.small-llama.pronouns.prior_adjusted.loss"]["value"]
    assert f"{value:.3f}" in text


def test_hardly_any_artifact_still_gives_a_report(root: Path, tmp_path: Path) -> None:
    poor = make_results(tmp_path, planted=False, lm=False, rich=False)
    fill_report(
        poor,
        root / "report",
        output=tmp_path / "source",
        metadata=metadata(planted=False, lm=False, excerpts=False),
    )
    assert "What the models see" not in _all_text(tmp_path / "source")


def test_findings_change_their_wording_with_the_data(results: Path, root: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(results, tmp_path / "results"))
    wording = {}
    for verdict, low, high in (("better", -0.3, -0.1), ("worse", 0.1, 0.3), ("level", -0.1, 0.1)):
        for path in other.glob("evaluation/*/linearity.csv"):
            rows = read_csv(path)
            for r in rows:
                if r["predictor"] == "small-llama.corrected":
                    r |= {"difference": -(low + high) / 2, "difference_low": -high, "difference_high": -low}
            write_csv(path, rows)
        fill_report(other, root / "report", output=tmp_path / "source", metadata=metadata())
        wording[verdict] = (tmp_path / "source" / "_short.qmd").read_text().split("\n")[0]
    assert "**better** than that of small Llama" in wording["better"]
    assert "**worse** than that of small Llama" in wording["worse"]
    assert "**not detectably different** from that of small Llama" in wording["level"]
    assert all(
        sum(w in line for w in ("better", "worse", "not detectably different")) == 1
        for line in wording.values()
    )


def test_a_comparison_is_read_either_way_round() -> None:
    row = {
        "a": "x",
        "b": "y",
        "metric": "accuracy",
        "difference": 0.2,
        "low": 0.1,
        "high": 0.3,
    }
    rows = [row | {"n": 10}]
    one, other = find(rows, "x", "y", metric="accuracy"), find(rows, "y", "x", metric="accuracy")
    assert one is not None
    assert other is not None
    assert (one.verdict, other.verdict) == ("better", "worse")
    assert (other.low, other.high, other.difference) == (-0.3, -0.1, -0.2)
    assert find(rows, "x", "z") is None
    no_interval = [row | {"low": None, "high": None, "n": 1}]
    assert find(no_interval, "x", "y", metric="accuracy").verdict == "level"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "typed",
    [
        "The loss is 0.37.",
        "About 62,500 batches.",
        ": Three of 50 items. {#tbl-x}",
        '<< "0.37" >>',
        "right in 87% of cases",
        "<< join(['37 of 50']) >>",
        "<< 'yes' if metadata.excerpts else '12' >>",
        '![x](figures/comparison.svg){#fig-x fig-alt="A loss of 0.37."}',
        "The loss is `0.37`.",
    ],
)
def test_a_result_typed_by_hand_is_refused(sources: Path, typed: str) -> None:
    check_sources(sources)
    _add(sources, typed)
    with pytest.raises(UserError, match=r"_limits.qmd:\d+"):
        check_sources(sources)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('<< v("linear.conjunctions.los") >>', "did you mean"),
        ("<< nothing_of_the_kind >>", "nothing_of_the_kind"),
        ("<% if %>", "template cannot be read"),
        ("<< leaders('none') >>", "bare NoneType"),
    ],
)
def test_an_unknown_value_or_name_is_refused(
    results: Path, sources: Path, tmp_path: Path, text: str, message: str
) -> None:
    _add(sources, text)
    with pytest.raises(UserError, match=message):
        fill_report(results, sources, output=tmp_path / "source", metadata=metadata())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("See @fig-nowhere.", "@fig-nowhere refers to nothing"),
        ("As shown [@nobody].", "@nobody is not in references.bib"),
        ("![A caption](figures/comparison.svg){#fig-second}", "has no fig-alt"),
        ('![A caption](figures/comparison.svg){#fig-second fig-alt=" "}', "has no fig-alt"),
        ('![A caption](figures/none.svg){#fig-second fig-alt="Text"}', "none.svg is missing"),
        ("{{< include _none.qmd >}}", "_none.qmd is missing"),
        ("# Again {#sec-limits}", "stands twice"),
        ("See [there](#sec-nowhere).", "#sec-nowhere leads nowhere"),
        ("See [there](none.html).", "none.html leads to no file"),
        ("See [there](http://example.org).", "leads to no file of the report and no https address"),
        ('![A caption](figures/comparison.svg){#fig-second fig-alt="Text"}', "@fig-second does not say how"),
        ("| a |\n|---|\n| b |\n\n: Caption {#tbl-second}\n\n# Next", "@tbl-second does not say how"),
    ],
)
def test_a_dead_reference_or_a_missing_alt_text_is_refused(
    results: Path, sources: Path, tmp_path: Path, text: str, message: str
) -> None:
    _add(sources, text)
    with pytest.raises(UserError, match=message):
        fill_report(results, sources, output=tmp_path / "source", metadata=metadata())


def test_a_value_that_nothing_uses_is_refused(
    results: Path, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_one_more(found: Results) -> Values:
        values = collect_values(found)
        values.add("idle.loss", 0.5, "nats")
        return values

    monkeypatch.setattr("handcraft.report.fill.collect_values", with_one_more)
    with pytest.raises(UserError, match=r"idle\.loss"):
        fill_report(results, sources, output=tmp_path / "source", metadata=metadata())
    # A source that names it on a branch not taken, under a name put together, is a use.
    _add(sources, '<% if not planted %><< v("idle." ~ group ~ "") >><% endif %>')
    fill_report(results, sources, output=tmp_path / "source", metadata=metadata())


def test_every_number_of_the_tables_is_in_the_registry(source: Path) -> None:
    values = read_json(source / "values.json")
    shown = {show(v["value"], v["unit"], v["digits"]) for v in values.values()}
    bounds = {
        b
        for v in values.values()
        for b in show_interval(v["low"], v["high"], v["unit"], v["digits"]).split(" to ")
    }
    cells = re.findall(
        r"^\|(.+)\|$", re.sub(r"````.*?````", "", _all_text(source), flags=re.DOTALL), re.MULTILINE
    )
    numbers = {
        n for line in cells for n in re.findall(r"(?<![\w;#&.,−+])[−+]?\d+(?:[.,]\d+)*%?(?![\w;])", line)
    }
    assert len(numbers) > 100
    known = shown | bounds | {b.removesuffix("%") for b in bounds} | {b.removeprefix("+") for b in bounds}
    # Positions and distances in tokens are names of inputs, and no results.
    small = {f"{sign}{i}" for i in range(1, 17) for sign in ("", "−")}
    assert numbers - known - small == set()


def test_the_short_version_is_five_sentences_whatever_is_there(
    results: Path, real_results: Path, root: Path, tmp_path: Path
) -> None:
    poor = make_results(tmp_path / "poor", planted=False, lm=False, rich=False)
    cases = {
        "planted": (results, metadata()),
        "real": (real_results, metadata(planted=False, lm=False)),
        "poor": (poor, metadata(planted=False, lm=False, excerpts=False)),
    }
    for name, (tree, said) in cases.items():
        fill_report(tree, root / "report", output=tmp_path / name / "source", metadata=said)
        lines = (tmp_path / name / "source" / "_short.qmd").read_text().strip().split("\n")
        assert len(lines) == 5, (name, lines)
        assert all(line.startswith("- ") and line.rstrip().endswith(".") for line in lines), (name, lines)


def test_weights_that_are_all_zero_speak_for_nothing(results: Path, root: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(results, tmp_path / "results"))
    path = other / "linear" / "conjunctions" / "weights.safetensors"
    content, said = read_tensors(path), read_metadata(path)
    write_tensors(path, content | {"weight": np.zeros_like(content["weight"])}, said)
    fill_report(other, root / "report", output=tmp_path / "source", metadata=metadata())
    text = _all_text(tmp_path / "source")
    assert "speaks most for" not in text.split("# From sentences")[0].split("# What the weights say")[0]
    assert text.count("no weight in the last position") == 2
    assert "weights of the post's tokens are all zero" in text


def test_the_line_below_opens_to_the_facts_of_the_jobs(results: Path, root: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(results, tmp_path / "results"))
    job = {"rule": "evaluate_predictions", "wildcards": {"variant": "conjunctions"}, "seconds": 7.25}
    job |= {
        "params": {"code": "abcdef0123456789", "seed": 3, "title": "</details>{{< x >}}"},
        "host": "somewhere",
    }
    job |= {"inputs": {"results/contexts/conjunctions/test.safetensors": "0123456789abcdef"}}
    job |= {"outputs": {"results/evaluation/conjunctions/metrics.csv": "ff"}}
    write_json(other / "provenance" / "evaluate_predictions.conjunctions.json", job)
    stray = job | {"outputs": {"results/evaluation/old/metrics.csv": "ff"}, "params": {"code": "99999999"}}
    write_json(other / "provenance" / "evaluate_predictions.old.json", stray)
    said = metadata(rooms={"evaluate_predictions": "evaluation"})
    figures = sorted((other / "figures").glob("*.svg"))
    ends = ["results/evaluation/conjunctions/metrics.csv", *map(str, figures)]
    fill_report(other, root / "report", output=tmp_path / "source", metadata=said, ends=ends)
    text = (tmp_path / "source" / "_results.qmd").read_text()
    assert "code `abcdef01`" in text
    assert "<code>0123456789ab</code>" in text
    assert "</details>{{<" not in text
    assert "99999999" not in text, "a job that this report does not rest on"
    assert "somewhere" not in text, "what differs between builds stands in one file"
    assert (tmp_path / "source" / "figures" / "pipeline.svg").is_file()


def test_filled_sources_are_sound(source: Path) -> None:
    check_filled(source)
    assert "#sec-people" in _all_text(source)
    assert not re.search(r"[^\n]\n## ", _all_text(source)), (
        "a heading without an empty line before it is text"
    )


def test_how_numbers_are_shown() -> None:
    assert show(0.36649, "nats") == "0.366"
    assert show(0.8754, "share") == "87.5%"
    assert show(62_500) == "62,500"
    assert show(-1.284, "logit") == "−1.28"
    assert show(3.6, "logit") == "+3.60"
    assert show(0.0, "p") == "&lt;0.001"
    assert show(None) == show(float("nan")) == "–"
    assert show_interval(0.1, 0.25, "share") == "10.0 to 25.0%"
    assert show_interval(None, None) == ""
    values = Values()
    values.add("a", 1)
    values.add("b", None)
    assert values.has("a")
    assert not values.has("a", "b")
    assert values.unused() == ["a"]
    with pytest.raises(ValueError, match="two values"):
        values.add("a", 2)


def test_a_figure_that_no_section_shows_is_refused(results: Path, root: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(results, tmp_path / "results"))
    shutil.copyfile(other / "figures" / "training.svg", other / "figures" / "stray.svg")
    with pytest.raises(UserError, match=r"stray\.svg"):
        fill_report(other, root / "report", output=tmp_path / "source", metadata=metadata())


def test_contexts_of_every_group_come_with_the_word_and_a_link_and_never_where_excerpts_are_off(
    results: Path, source: Path, root: Path, tmp_path: Path
) -> None:
    told = answered_contexts(Results(results, metadata()), Values())
    assert {len(g["contexts"]) for g in told} <= {1, 2}
    assert told
    assert all(c["right"] == ("answer" not in c) for g in told for c in g["contexts"])
    text = (source / "_weights.qmd").read_text(encoding="utf-8")
    for c in (c for g in told for c in g["contexts"]):
        assert f"{c['text']} **{c['word']}**" in text
        assert c["link"] in text
    fill_report(results, root / "report", output=tmp_path / "source", metadata=metadata(excerpts=False))
    assert "sec-examples" not in (tmp_path / "source" / "_weights.qmd").read_text(encoding="utf-8")
