"""The container's definition holds together with the rest of the repository. Nothing here builds it."""

import re
import tomllib
from pathlib import Path


def sections(root: Path) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Header and sections of the definition; comments and blank lines left out."""
    header: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    lines = None
    for line in (root / "container" / "handcraft.def").read_text().splitlines():
        if name := re.fullmatch(r"%(\w+)", line):
            assert name[1] not in found, f"%{name[1]} stands twice"
            lines = found[name[1]] = []
        elif line.strip() and not line.startswith("#"):
            if lines is None:
                key, value = line.split(": ")
                header[key] = value.strip()
            else:
                assert line.startswith("    "), f"outside of every section: {line!r}"
                lines.append(line.strip())
    return header, found


def test_the_definition_is_well_formed(root: Path) -> None:
    header, found = sections(root)
    assert set(header) == {"Bootstrap", "From"}
    assert set(found) <= {"arguments", "files", "post", "environment", "test", "runscript", "labels", "help"}
    assert found["post"][0] == "set -eu", "a step that fails must end the build"
    for line in found["files"]:
        source, target = line.split()
        assert (root / source).exists(), source
        assert target.startswith("/")
    given = {line.split("=")[0] for line in found["arguments"]}
    assert set(re.findall(r"\{\{ (\w+) \}\}", "\n".join(found["post"]))) == given


def test_the_image_has_the_locked_environment_and_this_python(root: Path) -> None:
    header, found = sections(root)
    wanted = tomllib.loads((root / "pyproject.toml").read_text())["project"]["requires-python"]
    version = re.search(r"python:(\d+\.\d+)", header["From"])
    assert version
    assert f">={version[1]}" in wanted
    copied = {line.split()[0]: line.split()[1] for line in found["files"]}
    installs = [line for line in found["post"] if "pip install" in line]
    assert len(installs) == 1
    assert installs[0].endswith(f"--requirement {copied['requirements.lock']}")
    # A package baked in would run in place of the checkout's, whose hash the result is recorded under.
    assert set(copied) == {"requirements.lock"}


def test_the_workflow_names_the_image_that_the_docs_build(root: Path) -> None:
    named = re.search(r'^container: f"{root}/(.+)"', (root / "Snakefile").read_text(), re.MULTILINE)
    assert named
    assert f"{named[1]} container/handcraft.def" in (root / "docs" / "cluster.md").read_text()
    assert named[1].split("/")[-1].replace("handcraft", "*") in (root / ".gitignore").read_text()
