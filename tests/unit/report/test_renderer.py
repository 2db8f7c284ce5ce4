"""Which renderer is chosen, and that a job takes only the planned one."""

from dataclasses import asdict
from pathlib import Path

import pytest

from handcraft.errors import UserError
from handcraft.report import renderer as module
from handcraft.report.renderer import Renderer, choose_renderer, require_planned
from tests.helpers.quarto import GOOD, fake_quarto, on_path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """First on PATH."""
    monkeypatch.setenv("PATH", on_path(tmp_path))
    return tmp_path


def test_auto_takes_quarto_where_it_can(folder: Path) -> None:
    fake_quarto(folder)
    for choice in ("auto", "quarto"):
        assert choose_renderer(choice) == Renderer("quarto", f"Quarto {GOOD}")


def test_auto_falls_back_and_says_why(folder: Path) -> None:
    fake_quarto(folder, "echo 1.7.34")
    chosen = choose_renderer("auto")
    assert chosen.name == "pandoc"
    assert chosen.versions.startswith("Pandoc ")
    assert " Typst " in chosen.versions
    assert "1.7.34" in chosen.reason
    assert chosen.reason in chosen.sentence()


def test_quarto_is_refused_where_it_cannot_be_used(folder: Path) -> None:
    fake_quarto(folder, "echo 1.7.34")
    with pytest.raises(UserError, match=r"1\.7\.34") as caught:
        choose_renderer("quarto")
    assert "report.renderer" in str(caught.value)


def test_pandoc_never_looks_for_quarto(folder: Path) -> None:
    fake_quarto(folder, f"touch {folder}/asked; echo {GOOD}")
    chosen = choose_renderer("pandoc")
    assert (chosen.name, chosen.reason) == ("pandoc", "")
    require_planned(chosen)
    assert not (folder / "asked").exists()


def test_in_a_container_quarto_is_not_looked_for(folder: Path) -> None:
    fake_quarto(folder, f"touch {folder}/asked; echo {GOOD}")
    chosen = choose_renderer("auto", in_container=True)
    assert chosen.name == "pandoc"
    assert "container" in chosen.reason
    with pytest.raises(UserError, match="container"):
        choose_renderer("quarto", in_container=True)
    assert not (folder / "asked").exists()


def test_a_job_that_finds_another_quarto_fails(folder: Path) -> None:
    fake_quarto(folder)
    planned = choose_renderer("quarto")
    require_planned(planned)
    fake_quarto(folder, "echo 99.2.0")
    with pytest.raises(UserError) as caught:
        require_planned(planned)
    assert GOOD in str(caught.value)
    assert "99.2.0" in str(caught.value)


def test_a_job_that_finds_another_pandoc_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    planned = choose_renderer("pandoc")
    require_planned(Renderer(**asdict(planned)))
    monkeypatch.setattr(module, "_pandoc_versions", lambda: "Pandoc 0 and Typst 0")
    with pytest.raises(UserError, match="Pandoc 0"):
        require_planned(planned)


def test_the_pandoc_of_the_package_comes_before_one_on_path(folder: Path) -> None:
    program = folder / "pandoc"
    program.write_text("#!/bin/sh\necho pandoc 999.0\n")
    program.chmod(0o755)
    assert "999" not in choose_renderer("pandoc").versions
