"""The Makefile hands paths on as they are."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ODD = ["builds/my build", "a'b", 'a"b', "a#b", "a$HOME b", "a;echo no", "Bücher & Co"]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("target", ["report", "preview", "unlock", "example", "clean"])
def test_a_path_may_have_any_character(root: Path, tmp_path: Path, name: str, target: str) -> None:
    shutil.copy(root / "Makefile", tmp_path)
    venv, record = tmp_path / "venv", tmp_path / "record"
    (venv / "bin").mkdir(parents=True)
    for tool in ("snakemake", "handcraft"):
        (venv / "bin" / tool).write_text(
            f"#!{sys.executable}\nimport json, sys\n"
            f"print(json.dumps(sys.argv[1:]), file=open({str(record)!r}, 'a'))\n"
        )
        (venv / "bin" / tool).chmod(0o755)
    for file in ("requirements.lock", "pyproject.toml", "venv/.installed"):
        (tmp_path / file).touch()
    (tmp_path / name / "results" / "report").mkdir(parents=True)
    variables = {"VENV": "venv", "BUILD": name, "CONFIG": f"{name}.yaml", "PROFILE": f"{name}/profile"}
    done = subprocess.run(
        ["make", target, *(f"{key}={value}" for key, value in variables.items())],
        cwd=tmp_path, capture_output=True, text=True, env=os.environ | {"HOME": "/nowhere"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if target == "clean":
        assert not (tmp_path / name / "results").exists()
        return
    calls = [json.loads(line) for line in record.read_text().splitlines()]
    if target in ("report", "preview"):
        assert calls.pop(0) == ["check-config", f"{name}.yaml"]
    assert calls[0][:2] == ["--directory", name]
    if target == "example":
        assert calls[1] == ["example", name]
    else:
        assert calls[0][2:6] == ["--configfile", f"{name}.yaml", "--workflow-profile", f"{name}/profile"]
    if target in ("report", "preview"):
        assert f"HTML: {tmp_path / name}/results/report/index.html" in done.stdout
