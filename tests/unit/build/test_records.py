"""Records of a build: an input that is no longer what its job wrote is refused, and a build can be verified."""

import os
from pathlib import Path

import pytest

from handcraft.build.provenance import hash_path
from handcraft.build.records import RECORDS, read_records, verified_hashes, verify_build
from handcraft.commands.main import main
from handcraft.errors import UserError
from handcraft.files import write_json, write_text


def record(name: str, outputs: list[str], inputs: list[str] = [], started: str = "2026-01-01") -> None:  # noqa: B006
    hashes = {
        kind: {p: hash_path(Path(p)) for p in paths}
        for kind, paths in (("inputs", inputs), ("outputs", outputs))
    }
    write_json(RECORDS / f"{name}.json", {"rule": name.partition(".")[0], "started": started, **hashes})


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two jobs: one made a table and a directory from a corpus, the other read the table."""
    monkeypatch.chdir(tmp_path)
    for path in ("corpus.txt", "results/a.csv", "results/model/config.json", "results/b.csv"):
        write_text(path, f"this is {path}")
    record("make_a.x", ["results/a.csv", "results/model"], ("corpus.txt",))
    record("make_b", ["results/b.csv"], ("results/a.csv",), started="2026-01-02")
    return tmp_path


def damage(path: str) -> None:
    """Another content of the same length, at the same time."""
    file = Path(path)
    status = file.stat()
    file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_sound_inputs_give_their_hashes_and_the_absent_none(build: Path) -> None:
    paths = ["corpus.txt", "results/a.csv", "results/model"]
    assert verified_hashes([*paths, "labels.csv"]) == {p: hash_path(Path(p)) for p in paths}


@pytest.mark.parametrize("file", ["results/a.csv", "results/model/config.json"])
def test_a_damaged_input_is_refused_with_its_rule_and_the_command(build: Path, file: str) -> None:
    damage(file)
    with pytest.raises(UserError) as refused:
        verified_hashes(["corpus.txt", "results/a.csv", "results/model"])
    path = "results/a.csv" if file == "results/a.csv" else "results/model"
    assert f"{path} (made by make_a)" in str(refused.value)
    assert f"--forcerun {path} " in refused.value.remedy
    assert "make_a.x.json" in str(refused.value.where)


def test_a_file_that_no_job_made_may_change(build: Path) -> None:
    damage("corpus.txt")
    assert verified_hashes(["corpus.txt"])["corpus.txt"] == hash_path(Path("corpus.txt"))


def test_of_two_records_of_a_file_the_later_counts(build: Path) -> None:
    damage("results/a.csv")
    record("older_rule", ["results/a.csv"], started="2025-12-31")
    with pytest.raises(UserError, match="make_a"):
        verified_hashes(["results/a.csv"])
    record("make_a.again", ["results/a.csv"], started="2026-01-03")
    assert verified_hashes(["results/a.csv"])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"rule": "make_a"}'])
def test_a_damaged_record_is_named_with_the_rule_to_run_again(build: Path, text: str) -> None:
    write_text(RECORDS / "make_a.x.json", text)
    with pytest.raises(UserError) as refused:
        verified_hashes(["corpus.txt"])
    assert "make_a.x.json" in str(refused.value.where)
    assert "--forcerun make_a" in refused.value.remedy


def test_a_whole_build_is_verified(build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify-build"]) == 0
    assert "3 files of 2 jobs" in capsys.readouterr().out
    damage("results/model/config.json")
    Path("results/b.csv").unlink()
    write_text("results/stray.csv", "")
    found = verify_build(build)
    assert (found.damaged, found.missing) == ({"results/model": "make_a"}, {"results/b.csv": "make_b"})
    assert found.unrecorded == ["results/stray.csv"]
    assert main(["verify-build", str(build)]) == 1
    printed = capsys.readouterr().out
    assert "DAMAGED  results/model (made by make_a)" in printed
    assert "--forcerun results/model results/b.csv " in printed


def test_a_job_that_read_an_older_version_is_named(build: Path) -> None:
    write_text("results/a.csv", "anew")
    record("make_a.x", ["results/a.csv", "results/model"], ("corpus.txt",), started="2026-01-03")
    found = verify_build(build)
    assert found.outdated == {"results/a.csv": "make_b"}
    assert not found.damaged


def test_a_directory_without_a_build_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="provenance"):
        verify_build(tmp_path)
    assert read_records(tmp_path) == []
