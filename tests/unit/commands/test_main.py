"""`handcraft`: comparing builds, writing the schema, errors without a traceback."""

from pathlib import Path

import pytest

from handcraft.commands.compare import compare_builds
from handcraft.commands.main import main


def build(path: Path, **files: str) -> Path:
    for name, text in {"report/index.html": str(path), "provenance/x.json": str(path), **files}.items():
        (path / "results" / name).parent.mkdir(parents=True, exist_ok=True)
        (path / "results" / name).write_text(text)
    return path


def test_builds_that_differ_only_where_they_may_are_identical(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = build(tmp_path / "a", x="1", y="2"), build(tmp_path / "b", x="1", y="2")
    assert compare_builds(a, b) == []
    assert main(["compare", str(a), str(b)]) == 0
    assert "identical: 2 files" in capsys.readouterr().out


def test_every_difference_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = build(tmp_path / "a", x="1", y="2"), build(tmp_path / "b", x="3", z="2")
    assert main(["compare", str(a), str(b)]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed == [f"only in {a}: y", f"only in {b}: z", "differs: x"]


def test_a_directory_without_a_build_is_an_error_with_a_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(tmp_path), str(tmp_path)]) == 1
    assert "remedy: run snakemake there" in capsys.readouterr().err


def test_schema_writes_the_generated_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["schema"]) == 0
    assert (tmp_path / "config" / "schema.json").is_file()
    assert (tmp_path / "docs" / "configuration.md").is_file()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("seed: 1".encode("utf-16"), "UTF-16"),
        (b"seed: 1\nreport:\n  title: caf\xe9\n", "line 3"),
        (b"seed: 1\ncorpus: " + b"[" * 500 + b"]" * 500, "line 2"),
        (b"groups: " + b"{a: " * 500 + b"1" + b"}" * 500, "line 1"),
        (b"seed: [1\n", "overlay.yaml"),
        (b"groups: &a {x: *a}\n", "groups.x.x"),
    ],
    ids=["utf-16", "latin-1", "lists", "blocks", "not yaml", "itself"],
)
def test_a_config_that_cannot_be_read_is_reported_in_a_few_lines(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: bytes,
    named: str,
) -> None:
    monkeypatch.chdir(root)
    (tmp_path / "overlay.yaml").write_bytes(content)
    assert main(["check-config", str(tmp_path / "overlay.yaml")]) == 1
    message = capsys.readouterr().err
    assert named in message
    assert "overlay.yaml" in message
    assert "remedy" in message
    assert "Traceback" not in message
    assert len(message.splitlines()) < 12


def test_a_config_that_is_right_passes_also_as_json(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    (tmp_path / "a.json").write_text('{\n\t"seed": 1\n}\n')
    assert main(["check-config"]) == 0
    assert main(["check-config", "config/tinystories.yaml", str(tmp_path / "a.json")]) == 0
