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
    assert set(found) <= {"files", "post", "environment", "test", "runscript", "labels", "help"}
    assert found["post"][0] == "set -eu", "a step that fails must end the build"
    for line in found["files"]:
        source, target = line.split()
        assert (root / source).exists(), source
        assert target.startswith("/")


def test_the_image_has_the_locked_environment_and_this_python(root: Path) -> None:
    header, found = sections(root)
    wanted = tomllib.loads((root / "pyproject.toml").read_text())["project"]["requires-python"]
    version = re.search(r"python:(\d+\.\d+)", header["From"])
    assert version
    assert f">={version[1]}" in wanted
    copied = {line.split()[0]: line.split()[1] for line in found["files"]}
    installs = [line for line in found["post"] if line.startswith("pip install")]
    assert installs[0].endswith(f"--requirement {copied['requirements.lock']}")
    # What is not in the lock must not come in by the package's own requirements.
    assert all("--no-deps" in line for line in installs[1:])
    package = Path(installs[1].split()[-1])
    assert {Path(copied[name]).parent for name in ("pyproject.toml", "README.md", "src")} == {package}


def test_the_workflow_names_the_image_that_the_docs_build(root: Path) -> None:
    named = re.search(r'^container: "(.+)"$', (root / "Snakefile").read_text(), re.MULTILINE)
    assert named
    for file in ("container/handcraft.def", "container/README.md", "docs/cluster.md"):
        assert f"apptainer build {named[1]} container/handcraft.def" in (root / file).read_text(), file
    for file in ("container/README.md", "docs/cluster.md"):
        assert "has not been built" in (root / file).read_text()
