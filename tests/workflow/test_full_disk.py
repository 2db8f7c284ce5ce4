"""Really full disks, as small file systems of their own: each failure says so, and a rerun with room finishes."""

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.workflow.conftest import OUTPUT, Checkout


def run_with_small_disk(checkout: Checkout, disk: Path, size: str, script: str) -> str:
    """What a shell script prints that runs in the checkout, where only it sees `disk`, a file system of `size`."""
    disk.mkdir(exist_ok=True)
    mount = f"mount -t tmpfs -o size={size} tmpfs {shlex.quote(str(disk))}"
    alone = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    try:
        subprocess.run([*alone, mount], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"cannot mount a small file system here ({error})")
    env = checkout.environment()
    run = subprocess.run([*alone, f"{mount}\n{script}"], cwd=checkout.path, env=env, **OUTPUT)  # type: ignore[call-overload]
    return str(run.stdout)


def told(said: str, disk: Path) -> list[str]:
    """Messages that name the disk and what to do, without the lines of a traceback before them."""
    assert "Traceback" not in said, said
    blocks = [block for block in said.split("\nError") if "disk is full" in block.partition("\n")[0]]
    assert all(str(disk) in block and "TMPDIR" in block for block in blocks), said
    return blocks


def test_a_build_that_fills_its_disk_says_so_and_a_rerun_finishes(new_checkout, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    checkout, disk = new_checkout(), tmp_path / "small"
    target = "results/linear/conjunctions/resampling.safetensors"
    build = shlex.join(checkout.command("--quiet=rules", "--cores=1", f"--directory={disk}", target))
    room = f"mount -o remount,size=50m {shlex.quote(str(disk))}"
    # Room for all but the last file: 1.8 MB before it, 3.1 MB with it.
    said = run_with_small_disk(checkout, disk, "2600k", f"{build}\n{room}\necho AND AGAIN\n{build}")
    first, _, second = said.partition("AND AGAIN")
    assert len(told(first, disk)) == 1
    assert "(Rule: train_resamples)" in second
    assert "(Rule: train_tokenizer)" in first
    assert "(Rule: train_tokenizer)" not in second


def test_a_large_file_is_not_begun_where_it_has_no_room(new_checkout, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    checkout, disk = new_checkout(), tmp_path / "small"
    (checkout.path / "many.yaml").write_text("corpus: {planted: {stories: 1000000}}\n")
    build = checkout.command(
        "--quiet=rules", f"--directory={disk}", "results/corpus/train.parquet", "many.yaml"
    )
    said = run_with_small_disk(checkout, disk, "20m", shlex.join(build))
    (message,) = told(said, disk)
    assert "160.0 MB" in message


def test_a_full_disk_is_told_before_anything_runs(new_checkout, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    checkout, disk = new_checkout(), tmp_path / "small"
    fill = f"dd if=/dev/zero of={shlex.quote(str(disk))}/other bs=4096 2>/dev/null"
    build = checkout.command("--quiet=rules", f"--directory={disk}", "results/corpus/train.parquet")
    said = run_with_small_disk(checkout, disk, "2m", f"{fill}\n{shlex.join(build)}")
    assert "the disk is full" in said
    assert "Traceback" not in said
    assert f"{disk}: 0.0 MB of 2.1 MB free" in said
    assert "retrieve_corpus" not in said


def test_a_full_tmpdir_is_told(built: Checkout, tmp_path: Path) -> None:
    disk, page = tmp_path / "small", "results/report/index.html"
    build = built.command("--quiet=rules", "--force", page)
    said = run_with_small_disk(built, disk, "200k", f"TMPDIR={shlex.quote(str(disk))} {shlex.join(build)}")
    (message,) = told(said, disk)
    assert "render_html" in message
    assert not (built.path / page).exists()
