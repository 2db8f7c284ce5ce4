"""What holds the repository together: one set of versions, imports that run one way, thin rules."""

import ast
import importlib.metadata
import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import handcraft
from handcraft.build.provenance import PACKAGE
from handcraft.report.quarto import OLDEST

ORDER = [
    "errors columns hub_errors disk files pages seeds logging math device registry",
    "config rules",
    "corpus",
    "tokenizer",
    "contexts predictions next_tokens",
    "predictors",
    "evaluation",
    "analysis",
    "people",
    "figures explorer",
    "report",
    "build",
    "commands",
]
"""A room imports only from its own line and from lines above it."""
LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms.split()}


def test_the_lock_holds_every_direct_dependency_at_its_version(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = [d for extra in project["optional-dependencies"].values() for d in extra]
    direct = project["dependencies"] + [d for d in extras if not d.startswith("handcraft[")]
    lock = dict(_pin(line) for line in (root / "requirements.lock").read_text().splitlines() if "==" in line)
    assert all("==" in d for d in direct)
    assert {n: v for n, v in map(_pin, direct) if lock.get(n) != v} == {}


def test_the_lock_holds_all_that_its_packages_need(root: Path) -> None:
    lines = (root / "requirements.lock").read_text().splitlines()
    lock = {canonicalize_name(line.split("==")[0]) for line in lines if "==" in line}
    needed = {}
    for name in lock:
        for need in map(Requirement, importlib.metadata.requires(name) or []):
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                needed[canonicalize_name(need.name)] = name
    # What torch needs for a GPU depends on the machine, and torch pins it exactly.
    missing = {need: name for need, name in needed.items() if need not in lock and name != "torch"}
    assert missing == {}


def test_conda_installs_the_lock(root: Path) -> None:
    environment = yaml.safe_load((root / "environment.yml").read_text())
    pip = next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    assert "--requirement requirements.lock" in pip
    assert "python=3.11" in environment["dependencies"]
    assert f"quarto>={'.'.join(map(str, OLDEST))}" in environment["dependencies"]


def test_one_version_everywhere(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    assert project["version"] == citation["version"] == handcraft.__version__


def test_every_module_stands_in_a_room_that_lists_it() -> None:
    missing = []
    for file in sorted(PACKAGE.rglob("*.py")):
        room, name = file.parent, file.stem
        if room == PACKAGE:
            assert name in {*LEVEL, "__init__"}, f"{file.name} has no place in the order of rooms"
            continue
        assert room.relative_to(PACKAGE).parts[0] in LEVEL, f"{room.name} is no room"
        if name == "__init__":
            room, name = room.parent, f"{room.name}/"
        if room != PACKAGE and f"`{name}`" not in (ast.get_docstring(_tree(room / "__init__.py")) or ""):
            missing.append(f"{room.relative_to(PACKAGE)} does not list {name}")
    assert not missing


def test_imports_run_one_way() -> None:
    wrong = []
    for file in sorted(PACKAGE.rglob("*.py")):
        room = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        for imported in _imported_rooms(file):
            if LEVEL[imported] > LEVEL[room]:
                wrong.append(f"{file.relative_to(PACKAGE)} imports {imported}")
    assert not wrong


def test_evaluation_imports_no_predictor_and_only_pages_import_figures() -> None:
    importers = {
        target: {
            f.relative_to(PACKAGE).parts[0] for f in PACKAGE.rglob("*.py") if target in _imported_rooms(f)
        }
        for target in ("predictors", "figures")
    }
    assert "evaluation" not in importers["predictors"]
    assert importers["figures"] <= {"figures", "report"}


def test_no_test_module_imports_another(root: Path) -> None:
    pattern = re.compile(r"^\s*from tests\.(?:\w+\.)*test_\w+ import", re.MULTILINE)
    assert not [f.name for f in (root / "tests").rglob("*.py") if pattern.search(f.read_text())]


def test_unit_tests_stand_where_their_rooms_name_leads(root: Path) -> None:
    rooms = {p.relative_to(PACKAGE) for p in PACKAGE.rglob("*") if (p / "__init__.py").is_file()}
    unit = root / "tests" / "unit"
    assert {f.parent.relative_to(unit) for f in unit.rglob("test_*.py")} - {Path()} <= rooms


def test_rules_have_no_logic_and_a_log_and_a_benchmark(root: Path) -> None:
    for file in sorted((root / "workflow" / "rules").glob("*.smk")):
        text = file.read_text()
        assert not re.search(r"^\s*(run|message):|^\s*def |config\.get", text, re.MULTILINE), file.name
        assert text.startswith("# Needs:"), file.name
        for name, body in re.findall(r"^rule (\w+):\n((?:    .*\n|\n)*)", text, re.MULTILINE):
            assert f"logs/{name}" in body, f"{name}: log"
            assert f"benchmarks/out/{name}" in body, f"{name}: benchmark"
            assert f"../scripts/{name}.py" in body, f"{name}: script of the same name"
            assert f'code=script_hash("{name}.py")' in body, f"{name}: hash of its code"
            assert '"""' in body, f"{name}: docstring"


def test_adapters_call_in_one_style(root: Path) -> None:
    for file in sorted((root / "workflow" / "scripts").glob("*.py")):
        text = file.read_text()
        assert "\nwith job(snakemake) as (inputs, outputs, params):\n" in text, file.name
        # What `job` does not give: wildcards, and all inputs whatever their names.
        assert set(re.findall(r"snakemake\.(\w+)", text)) <= {"wildcards", "input"}, file.name


def test_functions_take_their_outputs_by_keyword() -> None:
    wrong = []
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in _tree(file).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                by_position = {a.arg for a in node.args.args}
                wrong += [f"{file.stem}.{node.name}" for name in ("output", "outputs") if name in by_position]
    assert not wrong


def test_the_snakefile_is_a_table_of_contents(root: Path) -> None:
    assert len((root / "Snakefile").read_text().splitlines()) < 60


def _pin(line: str) -> tuple[str, str]:
    name, version = line.split("==")
    return re.sub(r"[-_.]+", "-", name).lower(), version.strip()


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def _imported_rooms(file: Path) -> set[str]:
    """The first part below `handcraft` of everything that a module imports, also inside functions."""
    found = set()
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.ImportFrom) and node.module == "handcraft":
            found |= {alias.name for alias in node.names}
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found |= {name.split(".")[1] for name in names if name.startswith("handcraft.")}
    return found
