"""A hash of the code that runs: what changes it, and what does not."""

from pathlib import Path

import pytest

from handcraft.build import provenance
from handcraft.build.provenance import code_hash, imported_modules

MODULE = '''"""A module."""

from pkg import other


class Setting:
    """A class."""

    size: int = 3
    """What it is."""


def work(x: int) -> int:
    """Work."""
    # A comment.
    return x + Setting.size
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `handcraft` in a temporary place, with a script that imports it."""
    home = tmp_path / "handcraft"
    (home / "room").mkdir(parents=True)
    (home / "__init__.py").write_text("")
    (home / "room" / "__init__.py").write_text("")
    (home / "room" / "linear.py").write_text(MODULE.replace("pkg", "handcraft"))
    (home / "other.py").write_text(
        "def help() -> int:\n    from handcraft.room import deep\n    return deep.X\n"
    )
    (home / "room" / "deep.py").write_text("X = 1\n")
    (home / "room" / "apart.py").write_text("Y = 1\n")
    (home / "config.py").write_text("Z = 1\n")
    (tmp_path / "script.py").write_text(
        "from handcraft.room.linear import work\nimport handcraft.config\nwork(1)\n"
    )
    monkeypatch.setattr(provenance, "PACKAGE", home)
    return tmp_path


def changed(package: Path, file: str, old: str, new: str) -> bool:
    """Does this edit change the script's hash?"""
    before = fresh_hash(package)
    path = package / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return fresh_hash(package) != before


def fresh_hash(package: Path) -> str:
    for cached in (provenance._tree, provenance._imports, provenance._bare_code, provenance._libraries):
        cached.cache_clear()
    return code_hash("script.py", package)


def test_it_follows_imports_also_inside_functions(package: Path) -> None:
    assert imported_modules(package / "script.py") == {
        "handcraft", "handcraft.room", "handcraft.room.linear", "handcraft.other", "handcraft.room.deep",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("handcraft/room/linear.py", "# A comment.", "# Another."),
        ("handcraft/room/linear.py", '"""Work."""', '"""Works hard."""'),
        ("handcraft/room/linear.py", '"""What it is."""', '"""Something else."""'),
        ("handcraft/room/linear.py", '"""A module."""', '"""The module.\n\nMore.\n"""'),
        ("handcraft/room/linear.py", "x + Setting", "x  +  Setting"),
        ("handcraft/room/apart.py", "1", "2"),
        ("handcraft/config.py", "1", "2"),
    ],
)
def test_edits_that_change_no_result_keep_the_hash(package: Path, file: str, old: str, new: str) -> None:
    assert not changed(package, file, old, new)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("handcraft/room/linear.py", "size: int = 3", "size: int = 4"),
        ("handcraft/room/deep.py", "1", "2"),
        ("script.py", "work(1)", "work(2)"),
    ],
)
def test_edits_of_code_change_the_hash(package: Path, file: str, old: str, new: str) -> None:
    assert changed(package, file, old, new)


def test_a_module_that_moves_keeps_the_hash(package: Path) -> None:
    before = fresh_hash(package)
    (package / "handcraft" / "attic").mkdir()
    (package / "handcraft" / "attic" / "__init__.py").write_text('"""A room."""\n')
    (package / "handcraft" / "room" / "deep.py").rename(package / "handcraft" / "attic" / "deep.py")
    other = package / "handcraft" / "other.py"
    other.write_text(other.read_text().replace("handcraft.room import deep", "handcraft.attic import deep"))
    assert fresh_hash(package) == before


def test_a_librarys_version_is_part_of_it(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = package / "handcraft" / "room" / "deep.py"
    deep.write_text("def late() -> None:\n    import numpy\n")
    before = fresh_hash(package)
    monkeypatch.setattr(provenance, "_version", lambda name: "0.0")
    assert fresh_hash(package) != before
    deep.write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy\n")
    provenance._tree.cache_clear()
    assert provenance._libraries.__wrapped__(deep) == frozenset()


def test_every_adapter_is_thin_and_reaches_the_package(root: Path) -> None:
    for script in sorted((root / "workflow" / "scripts").glob("*.py")):
        lines = script.read_text().splitlines()
        assert len(lines) <= 35, f"{script.name}: logic belongs in the package"
        assert imported_modules(script), script.name


def test_a_directory_has_a_hash_of_its_names_and_contents(tmp_path: Path) -> None:
    model = tmp_path / "model"
    (model / "deep").mkdir(parents=True)
    (model / "deep" / "a").write_text("1")
    seen = {provenance.hash_path(model)}
    (model / "deep" / "a").write_text("2")
    seen.add(provenance.hash_path(model))
    (model / "deep" / "a").rename(model / "b")
    seen.add(provenance.hash_path(model))
    assert len(seen) == 3
    (model / ".snakemake_timestamp").touch()
    assert provenance.hash_path(model) in seen
