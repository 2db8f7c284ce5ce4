"""What an artifact was made of: a hash of the code that runs, and the metadata of each run in a sidecar."""

import ast
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from handcraft.files import hash_file, write_json
from handcraft.report.made import CHANGES

PACKAGE = Path(__file__).parents[1]
COMMIT = "HANDCRAFT_COMMIT"
"""Environment variable with the commit, for jobs that cannot ask git."""
# Values of the config travel in a rule's params, so a new key must not make every artifact stale; a column of one more
# table changes no other; how a job is run and recorded has no part in what it makes.
NOT_HASHED = ("handcraft.config", "handcraft.build", "handcraft.columns", "handcraft.logging")
PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "datasets",
    "numpy",
    "scipy",
    "pyarrow",
    "matplotlib",
    "snakemake",
)


def code_hash(script: Path | str, root: Path | str = ".") -> str:
    """Hash of a script (below `root`) and of every module of the package that it imports, directly or not.

    Comments, docstrings, layout and where a module stands are left out, so that only code that can change a result
    changes the hash. The versions of the libraries that the code imports are part of it.
    Snakemake does not see a package's modules; each rule carries this in its `params`.
    """
    script = Path(root, script)
    files = [script, *map(_module_file, _reached(script))]
    # As a set of contents: a module that only moved, and a package without code, change nothing.
    parts = {_bare_code(file) for file in files} - {_NOTHING}
    parts |= {f"{name}=={_version(name)}" for file in files for name in _libraries(file)}
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:16]


def imported_modules(script: Path | str) -> set[str]:
    """The package's modules that `script` imports, directly or not."""
    return _reached(Path(script))


def _reached(script: Path) -> set[str]:
    reached: set[str] = set()
    waiting = set(_imports(script))
    while waiting:
        module = waiting.pop()
        if module in reached or ".".join(module.split(".")[:2]) in NOT_HASHED:
            continue
        reached.add(module)
        waiting |= set(_imports(_module_file(module)))
    return reached


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


@cache
def _imports(file: Path) -> tuple[str, ...]:
    found: set[str] = set()
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    # A module's packages run too when it is imported.
    found |= {parent for name in found for parent in _parents(name)}
    return tuple(sorted(name for name in found if _is_module(name)))


def _parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    for i in range(1, len(parts)):
        yield ".".join(parts[:i])


def _is_module(name: str) -> bool:
    return name.split(".")[0] == "handcraft" and _module_file(name).exists()


def _module_file(name: str) -> Path:
    path = PACKAGE.joinpath(*name.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _libraries(file: Path) -> frozenset[str]:
    """Distributions behind the imports of a module, also those inside functions; not those for type checking."""
    names: set[str] = set()
    for node in _nodes_that_run(_tree(file)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return frozenset(filter(None, map(_distribution, names - sys.stdlib_module_names - {"handcraft"})))


def _nodes_that_run(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    skipped = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    for child in () if skipped else ast.iter_child_nodes(node):
        yield from _nodes_that_run(child)


@cache
def _distribution(module: str) -> str:
    """The distribution that installs a top-level module; empty where none does."""
    try:
        # Most have their module's name. The list of all takes 0.2 s to read, in every job.
        importlib.metadata.version(module)
    except importlib.metadata.PackageNotFoundError:
        return min(importlib.metadata.packages_distributions().get(module, [""]))
    return module


@cache
def _version(distribution: str) -> str:
    """As in the lock: without the local part, which says only whether PyTorch was built for a GPU."""
    return importlib.metadata.version(distribution).partition("+")[0]


@cache
def _bare_code(file: Path) -> str:
    """The syntax tree as text, without comments, positions, docstrings and where the package's modules stand."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "handcraft":
            node.module = "handcraft"
        body = getattr(node, "body", None)
        if isinstance(body, list):
            # A bare string is a docstring, also where it stands under an attribute.
            kept = [s for s in body if not (isinstance(s, ast.Expr) and _is_text(s.value))]
            node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]
    # The imports of a module in one order, and each name by itself: sorting and grouping them are layout.
    imports = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == "handcraft"]
    names = sorted(ast.dump(alias) for node in imports for alias in node.names)
    tree.body = [n for n in tree.body if n not in imports] or [ast.Pass()]
    return "\n".join([*names, ast.dump(tree)])


_NOTHING = ast.dump(ast.Module([ast.Pass()], []))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def git_commit(root: Path) -> str:
    """The checkout's commit, marked with `CHANGES` where files differ from it; empty outside a checkout."""
    try:
        run = {"cwd": root, "capture_output": True, "text": True, "timeout": 10, "check": True}
        commit = subprocess.run(["git", "rev-parse", "HEAD"], **run).stdout.strip()  # type: ignore[call-overload]
        changed = subprocess.run(["git", "status", "--porcelain"], **run).stdout.strip()  # type: ignore[call-overload]
    except (OSError, subprocess.SubprocessError):
        return ""
    return commit + (CHANGES if changed else "")


def versions() -> dict[str, str]:
    """Versions of Python, this package and the libraries that compute."""
    found = {"python": platform.python_version(), "handcraft": importlib.metadata.version("handcraft")}
    return found | {name: importlib.metadata.version(name) for name in PACKAGES}


@dataclass(frozen=True)
class Run:
    """A finished job: what it was asked, what it read and wrote, and what it took."""

    rule: str
    wildcards: Mapping[str, str]
    params: Mapping[str, Any]
    imported: list[str]
    inputs: Mapping[str, str]
    """SHA-256 of each, by path, from when the job started."""
    outputs: list[str]
    started: str
    seconds: float
    peak_memory_mb: float
    asked_memory_mb: int


def write_sidecar(path: Path, run: Run, *, root: Path) -> None:
    """Write the metadata of one job. It varies from run to run, so it lies next to the artifacts, not in them.

    root: of the checkout, for its commit.
    """
    write_json(
        path,
        {
            "rule": run.rule,
            "wildcards": dict(run.wildcards),
            "params": json.loads(json.dumps(dict(run.params), default=str)),
            "imported": run.imported,
            "inputs": dict(run.inputs),
            "outputs": {p: hash_path(Path(p)) for p in run.outputs if Path(p).exists()},
            "started": run.started,
            "seconds": round(run.seconds, 2),
            "peak_memory_mb": round(run.peak_memory_mb, 1),
            "asked_memory_mb": run.asked_memory_mb,
            "device": str(run.params.get("device", "cpu")),
            "host": platform.node(),
            # Of a job on a cluster: its number there, and the GPUs that it was given.
            "slurm_job": os.environ.get("SLURM_JOB_ID", ""),
            "cuda_visible_devices": os.environ.get("CUDA_VISIBLE_DEVICES", ""),
            "platform": platform.platform(),
            "packages": versions(),
            "git_commit": git_commit(root) or os.environ.get(COMMIT, ""),
        },
    )


def hash_path(path: Path) -> str:
    """SHA-256 of a file, or of the names and hashes of a directory's files."""
    if path.is_file():
        return hash_file(path)
    lines = "".join(f"{p.relative_to(path)} {hash_file(p)}\n" for p in files_below(path))
    return hashlib.sha256(lines.encode()).hexdigest()


def files_below(path: Path) -> list[Path]:
    """A file itself, or the files of a directory without the time stamp that Snakemake puts there after the job."""
    if path.is_file():
        return [path]
    return sorted(p for p in path.rglob("*") if p.is_file() and p.name != ".snakemake_timestamp")
