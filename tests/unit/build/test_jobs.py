"""What every workflow script is wrapped in. Run in processes of their own, since output is redirected for good."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from handcraft.build.provenance import code_hash
from handcraft.build.reads import CHECK
from handcraft.files import write_table, write_tensors

SCRIPT = """
from types import SimpleNamespace

class Named(dict):
    def __iter__(self):
        return iter(self.values())

from handcraft.errors import UserError
from handcraft.build.jobs import job
from handcraft import logging as progress

progress.SECONDS_BETWEEN_LINES = 0.0
snakemake = SimpleNamespace(
    scriptdir=".", rule="train_x",
    log=["logs/train_x/a.log"], wildcards=Named(group="a"), params=Named(l1=[0.1], device="cpu"),
    input=Named(x="in.txt"), output=Named(y="out.txt"), resources=Named(mem_mb=600),
)
{before}
with job(snakemake) as (inputs, outputs, params):
{body}
"""


def run(tmp_path: Path, body: str, before: str = "") -> tuple[subprocess.CompletedProcess[str], str]:
    (tmp_path / "in.txt").write_text("in")
    script = SCRIPT.replace("{before}", before)
    script = script.replace("{body}", "\n".join("    " + line for line in body.splitlines()))
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    return done, (tmp_path / "logs" / "train_x" / "a.log").read_text()


def _script(tmp_path: Path, text: str) -> Path:
    (tmp_path / "scripts").mkdir(exist_ok=True)
    (tmp_path / "scripts" / "train_x.py").write_text(text)
    return tmp_path / "scripts"


def test_output_goes_to_the_log_and_progress_to_the_terminal_too(tmp_path: Path) -> None:
    done, log = run(tmp_path, "print('hello')\nfor x in progress.progress(range(3), 'counting'): pass")
    assert done.returncode == 0, done.stderr
    assert "hello" in log
    assert "hello" not in done.stdout + done.stderr
    assert "counting: 1 of 3" in log
    assert "counting: 1 of 3" in done.stderr


def test_inputs_and_outputs_are_paths_by_name(tmp_path: Path) -> None:
    body = "print(inputs.x, *inputs.several, outputs.y, params.l1, type(inputs.x), type(outputs.y))"
    done, log = run(tmp_path, body, before="snakemake.input['several'] = ['a/b.csv', 'c']\n")
    assert done.returncode == 0, done.stderr
    kind = "<class 'pathlib.PosixPath'>"
    assert f"in.txt a/b.csv c out.txt [0.1] {kind} {kind}" in log


def test_a_user_error_ends_it_with_its_message_alone(tmp_path: Path) -> None:
    done, log = run(tmp_path, "raise UserError('no such word', where='config.yaml', remedy='choose another')")
    assert done.returncode == 1
    assert "Error in train_x: no such word" in log
    assert "choose another" in log
    assert "Traceback" not in log
    assert not (tmp_path / "results").exists()


def test_another_error_leaves_its_traceback_in_the_log(tmp_path: Path) -> None:
    done, log = run(tmp_path, "1 / 0")
    assert done.returncode == 1
    assert "ZeroDivisionError" in log


FULL = """
import errno
try:
    raise OSError(errno.ENOSPC, "No space left on device")
except OSError as error:
    raise RuntimeError("cannot write") from error
"""


def test_a_full_disk_ends_it_with_a_message_that_says_where_and_what_to_do(tmp_path: Path) -> None:
    done, log = run(tmp_path, FULL, before="snakemake.output = Named(y='results/deep/out.txt')\n")
    assert done.returncode == 1
    assert "Error in train_x: the disk is full" in log
    assert f"{tmp_path}: " in log
    assert "TMPDIR" in log
    assert "Traceback" not in log


def test_a_sidecar_that_has_no_room_is_told_too(tmp_path: Path) -> None:
    before = "from handcraft.build import jobs\ndef full(*given, **named):" + FULL.replace("\n", "\n    ")
    done, log = run(tmp_path, "open('out.txt', 'w')", before=f"{before}\njobs.write_sidecar = full\n")
    assert done.returncode == 1
    assert "the disk is full" in log
    assert "Traceback" not in log


def test_where_the_log_has_no_room_the_terminal_gets_the_message(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    (tmp_path / "logs" / "train_x").mkdir(parents=True)
    (tmp_path / "logs" / "train_x" / "a.log").symlink_to("/dev/full")
    (tmp_path / "in.txt").write_text("in")
    script = SCRIPT.replace("{before}", "").replace("{body}", "    print('x', flush=True)")
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert "Error in train_x: the disk is full" in done.stderr


def test_the_sidecar_says_what_was_done_with_what(tmp_path: Path) -> None:
    done, _ = run(tmp_path, "open('out.txt', 'w').write('out')")
    assert done.returncode == 0, done.stderr
    metadata = json.loads((tmp_path / "results" / "provenance" / "train_x.a.json").read_text())
    assert metadata["rule"] == "train_x"
    assert metadata["wildcards"] == {"group": "a"}
    assert metadata["params"] == {"l1": [0.1], "device": "cpu"}
    assert set(metadata["inputs"]) == {"in.txt"}
    assert len(metadata["inputs"]["in.txt"]) == len(metadata["outputs"]["out.txt"]) == 64
    assert metadata["asked_memory_mb"] == 600
    assert "torch" in metadata["packages"]


def test_code_that_changed_since_the_job_was_planned_ends_it(tmp_path: Path) -> None:
    planned = code_hash("train_x.py", root=_script(tmp_path, "from handcraft.seeds import generator"))
    more = f"snakemake.scriptdir = {str(tmp_path / 'scripts')!r}; snakemake.params['code'] = {planned!r}\n"
    assert run(tmp_path, "pass", before=more)[0].returncode == 0
    _script(tmp_path, "# a comment\nfrom handcraft.seeds import generator")
    assert run(tmp_path, "pass", before=more)[0].returncode == 0
    _script(tmp_path, "from handcraft.seeds import generator\ngenerator(1)")
    done, log = run(tmp_path, "print('not reached')", before=more)
    assert done.returncode == 1
    assert "not the one that Snakemake planned it with" in log
    assert str(tmp_path / "scripts" / "train_x.py") in log
    assert "run the build again" in log
    assert "not reached" not in log


def test_a_checkout_that_the_job_does_not_see_is_named(tmp_path: Path) -> None:
    where = tmp_path / "not-mounted"
    done, log = run(
        tmp_path, "pass", before=f"snakemake.scriptdir = {str(where)!r}; snakemake.params['code'] = 'abc'\n"
    )
    assert done.returncode == 1
    assert f"{where / 'train_x.py'}" in log
    assert "bind it in the container" in log


def test_without_git_the_sidecar_has_the_commit_that_snakemake_noted(tmp_path: Path) -> None:
    body = "from handcraft.build import provenance; provenance.git_commit = lambda root: ''"
    done, _ = run(tmp_path, body, before="import os; os.environ['HANDCRAFT_COMMIT'] = 'abc+changes'\n")
    assert done.returncode == 0, done.stderr
    metadata = json.loads((tmp_path / "results" / "provenance" / "train_x.a.json").read_text())
    assert metadata["git_commit"] == "abc+changes"


def test_peak_memory_is_the_jobs_own(tmp_path: Path) -> None:
    """Not that of the process which started it, as `getrusage` has it."""
    body = "import subprocess; subprocess.run(['true'])"
    peaks = []
    for more in ("", "x = bytearray(300_000_000); "):
        large = bytearray(400_000_000)
        done, _ = run(tmp_path, more + body)
        del large
        assert done.returncode == 0, done.stderr
        metadata = json.loads((tmp_path / "results" / "provenance" / "train_x.a.json").read_text())
        peaks.append(metadata["peak_memory_mb"])
    assert peaks[0] < 200
    assert 200 < peaks[1] - peaks[0] < 320


def test_a_child_that_took_more_memory_is_added() -> None:
    """Started by a small process, as what this test runs in is a large one, below which no child can be told."""
    code = "import subprocess, sys\nfrom handcraft.build.jobs import _peak_mb\nbefore = _peak_mb()\n"
    code += "subprocess.run([sys.executable, '-c', 'x = bytearray(600_000_000)'])\nprint(_peak_mb() - before)"
    done = subprocess.run(
        ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert 300 < float(done.stdout) < 700


def test_a_checked_job_reads_its_inputs_and_nothing_else_below_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CHECK, "1")
    (tmp_path / "results").mkdir()
    for name in ("a.json", "b.json"):
        (tmp_path / "results" / name).write_text("{}")
    reads = "from handcraft.files import read_json; read_json('results/a.json')"
    write = "open('out.txt', 'w').write('out'); open('out.txt').read(); open('elsewhere.txt', 'w').close()"
    done, log = run(tmp_path, f"{reads}; open('in.txt').read(); {write}")
    assert done.returncode == 1
    assert "reads results/a.json, which is not an input" in log
    assert "b.json" not in log
    assert "in.txt" not in log
    done, log = run(tmp_path, write)
    assert done.returncode == 1
    assert "declares in.txt, which it does not read" in log
    done, log = run(tmp_path, f"open('in.txt').read(); {write}")
    assert done.returncode == 0, log
    assert CHECK in log


@pytest.mark.parametrize("kind", ["table", "tensors", "metadata"])
def test_files_that_libraries_open_are_seen_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv(CHECK, "1")
    write_table(tmp_path / "results" / "table", pa.table({"x": [1]}))
    for name in ("tensors", "metadata"):
        write_tensors(tmp_path / "results" / name, {"x": np.zeros(1)})
    done, log = run(tmp_path, f"from handcraft.files import read_{kind} as read\nread('results/{kind}')")
    assert done.returncode == 1
    assert f"reads results/{kind}, which is not an input" in log
