"""docs/example: sound in itself, without stories, and said to be old where the code went on."""

import shutil
from pathlib import Path

import pytest

from handcraft.commands.example import stale_rules, write_example
from handcraft.errors import UserError
from handcraft.files import read_json, write_json


@pytest.fixture
def build(source: Path, page: Path, pdf: Path, results: Path, tmp_path: Path) -> Path:
    made = Path(shutil.copytree(results, tmp_path / "results"))
    shutil.copytree(source, made / "report" / "source")
    shutil.copyfile(page, made / "report" / "index.html")
    shutil.copyfile(pdf, made / "report" / "index.pdf")
    metadata = {"excerpts": False, "corpus": {"title": "stories"}}
    files = {"fill_report": "source", "render_html": "index.html", "render_pdf": "index.pdf"}
    for rule, name in files.items():
        inputs = {} if rule == "fill_report" else {"results/report/source": ""}
        outputs = {f"results/report/{name}": ""}
        sidecar = {
            "rule": rule,
            "params": {"code": rule, "metadata": metadata},
            "inputs": inputs,
            "outputs": outputs,
        }
        write_json(made / "provenance" / f"{rule}.json", sidecar)
    write_json(made / "provenance" / "gone.json", sidecar | {"rule": "gone", "outputs": {}})
    return tmp_path


def test_a_finished_report_is_copied_with_the_data_of_its_figures(build: Path, tmp_path: Path) -> None:
    write_example(build, output=tmp_path / "example")
    assert {p.name for p in (tmp_path / "example").iterdir()} == {
        "README.md", "data.json", "index.html", "index.pdf", "made.json", "opening.svg", "overview.svg",
    }  # fmt: skip
    data = read_json(tmp_path / "example" / "data.json")
    assert data["evaluation/conjunctions/metrics.csv"]
    assert data["minibatch/conjunctions/history.parquet"]["batch"]
    code = read_json(tmp_path / "example" / "made.json")["code"]
    assert code == {rule: rule for rule in ("fill_report", "render_html", "render_pdf")}


def test_a_report_with_stories_is_refused(build: Path, tmp_path: Path) -> None:
    sidecar = build / "results" / "provenance" / "fill_report.json"
    said = read_json(sidecar)
    said["params"]["metadata"]["excerpts"] = True
    write_json(sidecar, said)
    with pytest.raises(UserError, match="shows text of the corpus"):
        write_example(build, output=tmp_path / "example")
    assert not (tmp_path / "example").exists()


def test_an_edit_of_the_code_makes_its_rules_stale(root: Path, tmp_path: Path) -> None:
    from handcraft.build.provenance import code_hash

    scripts = Path(shutil.copytree(root / "workflow" / "scripts", tmp_path / "scripts"))
    codes = {rule: code_hash(f"{rule}.py", scripts) for rule in ("fill_report", "train_linear")}
    write_json(tmp_path / "made.json", {"code": codes})
    assert stale_rules(tmp_path, scripts) == []
    with (scripts / "train_linear.py").open("a") as file:
        file.write("NEW = 1\n")
    shutil.copyfile(scripts / "train_linear.py", scripts / "train_linear_new.py")
    codes |= {"train_linear_new": "old", "gone": "old"}
    write_json(tmp_path / "made.json", {"code": codes})
    assert stale_rules(tmp_path, scripts) == ["gone", "train_linear_new"]


def test_the_example_is_whole_and_says_where_it_is_from(root: Path) -> None:
    example = root / "docs" / "example"
    values = read_json(example / "data.json")["report/source/values.json"]
    loss = values["linear.conjunctions.loss"]
    page = (example / "index.html").read_text(encoding="utf-8")
    assert f"{loss['value']:.3f}" in page
    assert "What the models see" not in page, "no story is copied into the project"
    assert (example / "index.pdf").read_bytes().startswith(b"%PDF")
    assert "CDLA-Sharing" in (example / "README.md").read_text(encoding="utf-8")
    assert "docs/example/overview.svg" in (root / "README.md").read_text(encoding="utf-8")


def test_the_example_is_as_new_as_the_code(root: Path) -> None:
    """Says, as a skip, when it is not: to rebuild it takes stories that are not in the project."""
    if stale := stale_rules(root / "docs" / "example", root / "workflow" / "scripts"):
        pytest.skip(f"docs/example is older than the code of {', '.join(stale)}: `make example` rebuilds it")
