"""The README's commands: each is run or, where it takes long or a network, dry-run or parsed as it is printed."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from handcraft.commands.main import build_parser
from handcraft.config.files import load_config
from tests.workflow.conftest import OUTPUT, Checkout

NOT_OURS = ("conda", "PIP_EXTRA_INDEX_URL=")
"""What begins so installs from the network by a tool that may not be here."""


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    return (root / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def printed(readme: str) -> list[str]:
    """The lines of the code blocks that are commands, without their comments."""
    lines = [line.strip() for line in re.findall(r"^ {4,}(\S.*)$", readme, re.MULTILINE)]
    ours = (
        re.sub(r"\s+#.*", "", line) for line in lines if re.match(r"make |snakemake|\.venv/|conda|PIP_", line)
    )
    return [part.strip() for line in ours for part in line.split("&&")]


@pytest.fixture(scope="module")
def inline(readme: str) -> list[str]:
    """Commands in the running text."""
    flat = " ".join(readme.split())
    return re.findall(r"`((?:make |\.venv/bin/|UV_TORCH_BACKEND=cpu make |snakemake )[^`]+)`", flat)


def test_every_command_is_of_a_kind_that_a_test_here_runs(printed: list[str], inline: list[str]) -> None:
    assert len(printed) >= 8
    assert len(inline) >= 8
    for command in printed + inline:
        known = (
            "make ",
            ".venv/bin/handcraft ",
            ".venv/bin/snakemake",
            "snakemake",
            "UV_TORCH_BACKEND=cpu make ",
        )
        assert command.startswith((*known, *NOT_OURS)), command


def test_make_knows_every_target(root: Path, printed: list[str], inline: list[str]) -> None:
    """`make -n` prints what it would run; the configs that are named exist."""
    commands = [c for c in printed + inline if c.startswith(("make ", "UV_TORCH_BACKEND=cpu make "))]
    assert len(commands) >= 10
    for command in commands:
        words = shlex.split(command.removeprefix("UV_TORCH_BACKEND=cpu "))
        run = subprocess.run(["make", "-n", *words[1:]], cwd=root, **OUTPUT)  # type: ignore[call-overload]
        assert run.returncode == 0, f"{command}\n{run.stdout}"
        for config in re.findall(r"CONFIG=(\S+)", command):
            load_config(root / "config.yaml", root / config)


def test_the_commands_of_handcraft_parse(printed: list[str], inline: list[str]) -> None:
    commands = [c for c in printed + inline if c.startswith(".venv/bin/handcraft ")]
    assert len(commands) >= 6
    for command in commands:
        build_parser().parse_args(shlex.split(command)[1:])


@pytest.mark.parametrize("name", ["explain", "verify-build", "check-pdf"])
def test_the_commands_that_are_quick_run_on_a_build(
    finished: Checkout,
    inline: list[str],
    printed: list[str],
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = next(c for c in printed + inline if c.startswith(f".venv/bin/handcraft {name}"))
    monkeypatch.chdir(finished.path)
    options = build_parser().parse_args(shlex.split(command)[1:])
    assert options.run(options) == 0, capsys.readouterr()


def test_a_group_is_added_by_the_line_that_is_printed(readme: str, built: Checkout) -> None:
    """And its jobs are planned, and what compares all groups; nothing is trained or asked again."""
    block = re.search(r"^    groups:\n      .+$", readme, re.MULTILINE)
    assert block
    text = "\n".join(line[4:] for line in block.group().split("\n"))
    (built.path / "more.yaml").write_text(text + "\n")
    planned = built.planned("more.yaml")
    name = text.split()[1].rstrip(":")
    assert f"train_linear(variant={name})" in planned
    others = {job.split("(")[0] for job in planned if "conjunctions" in job}
    assert not [rule for rule in others if rule.startswith(("train_", "predict_", "build_contexts", "find_"))]


def test_the_reports_own_commands_build_nothing_new(finished: Checkout) -> None:
    """What the report prints for building it again, in its checkout."""
    record = (finished.path / "results" / "report" / "build_record.md").read_text()
    block = re.search(r"```sh\n(.*?)```", record, re.DOTALL)
    assert block
    lines = block.group(1).strip().split("\n")
    assert lines[-2] == "make install"
    words = shlex.split(lines[-1])
    assert words[:2] == [".venv/bin/snakemake", "--configfile"]
    run = subprocess.run(
        [*finished.command()[:3], "--dry-run", *words[1:]],
        cwd=finished.path,
        env=finished.environment(),
        **OUTPUT,  # type: ignore[call-overload]
    )
    assert run.returncode == 0, run.stdout
    assert "Nothing to be done" in run.stdout
