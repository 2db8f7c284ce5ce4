"""What every workflow script is wrapped in: its log, its errors, its sidecar."""

import gc
import os
import resource
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from handcraft import logging
from handcraft.build.provenance import PACKAGE, Run, code_hash, write_sidecar
from handcraft.build.reads import checked_reads
from handcraft.build.records import RECORDS, verified_hashes
from handcraft.disk import full_disk
from handcraft.errors import UserError

# While an adapter imports the rest: imports leave no garbage, and to search for it takes 0.2 s where PyTorch is among
# them. `job` turns it on again.
gc.disable()


@contextmanager
def job(snakemake: Any) -> Iterator[tuple[SimpleNamespace, SimpleNamespace, SimpleNamespace]]:
    """Run the block as the job that `snakemake` describes, given its inputs, outputs and params by name.

    An input or output is a `Path`, or a list of them where the rule has a list. Params are as the rule has them.
    Everything printed goes to the job's log (progress to the terminal as well). A `UserError` or a full disk ends
    the job with a message alone, anything else with a traceback. The job does not start with an input that is no
    longer what its own job wrote. A sidecar of the run's metadata is written at the end.
    """
    gc.enable()
    started, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    log = Path(str(snakemake.log[0]))
    log.parent.mkdir(parents=True, exist_ok=True)
    logging.terminal = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
    with log.open("w", encoding="utf-8") as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
    try:
        _check_code(snakemake)
        hashes = verified_hashes(map(str, snakemake.input))
        with checked_reads(snakemake):
            yield (
                _paths(snakemake.input),
                _paths(snakemake.output),
                SimpleNamespace(**dict(snakemake.params.items())),
            )
    except Exception as error:
        _report(snakemake, error)
        raise SystemExit(1) from None
    wildcards = dict(snakemake.wildcards.items())
    rule = _rule(snakemake)
    name = ".".join([rule, *wildcards.values()])
    run = Run(
        rule=rule,
        wildcards=wildcards,
        params=dict(snakemake.params.items()),
        imported=[name for name in ("torch", "transformers") if name in sys.modules],
        inputs=hashes,
        outputs=[str(p) for p in snakemake.output],
        started=started,
        seconds=time.monotonic() - clock,
        peak_memory_mb=_peak_mb(),
        asked_memory_mb=int(snakemake.resources.get("mem_mb", 0)),
    )
    try:
        write_sidecar(RECORDS / f"{name}.json", run, root=PACKAGE)
    except Exception as error:
        _report(snakemake, error)
        raise SystemExit(1) from None
    gc.freeze()  # the end of a process that imported PyTorch then takes 0.2 s less


def _report(snakemake: Any, error: Exception) -> None:
    """Write the message of a failed job to its log, or to the terminal where there is no room for it."""
    folders = [Path(str(path)).parent for path in [*snakemake.output, *snakemake.log]]
    told = full_disk(error, [*folders, Path(os.environ.get("TMPDIR", "/tmp"))]) or error
    if isinstance(told, UserError):
        text = f"\nError in {snakemake.rule}: {told}"
    else:
        text = "".join(traceback.format_exception(error))
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        print(text, file=logging.terminal, flush=True)


def _paths(named: Any) -> SimpleNamespace:
    """Inputs or outputs of a rule that have a name; Snakemake gives text."""
    return SimpleNamespace(
        **{
            name: Path(value) if isinstance(value, str) else [Path(path) for path in value]
            for name, value in named.items()
        }
    )


def _check_code(snakemake: Any) -> None:
    """Refuse to run if the code changed since planning."""
    planned = snakemake.params.get("code")
    if planned is None:
        return
    script = Path(snakemake.scriptdir, f"{_rule(snakemake)}.py")
    if not script.is_file():
        raise UserError(
            "the checkout is not visible to this job", where=str(script), remedy="bind it in the container"
        )
    if code_hash(script.name, root=script.parent) != planned:
        raise UserError(
            "the code of this job is not the one that Snakemake planned it with",
            where=f"{script} and {PACKAGE}",
            remedy="if it was edited during the build, run the build again; if the package is installed twice (in a "
            "container, on a compute node), leave the one that is not the checkout's out",
        )


def _rule(snakemake: Any) -> str:
    """The rule's name here: a Snakefile that uses the workflow as a `module` may have put a prefix before it."""
    parts = str(snakemake.rule).split("_")
    names = ("_".join(parts[i:]) for i in range(len(parts)))
    return next((n for n in names if Path(snakemake.scriptdir, f"{n}.py").is_file()), str(snakemake.rule))


def _peak_mb() -> float:
    """Peak memory of this process, and of its largest child if that was larger still (Pandoc, say)."""
    own, child = (
        resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    # What a child reports is never below the peak of the process that started it: of a smaller one nothing is known.
    more = child if child > own else 0
    status = Path("/proc/self/status")
    if status.is_file():
        # By the same rule `own` is never below Snakemake's own memory. Where there is /proc, it knows better.
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        own = int(line.split()[1])
    return (own + more) / (1024 if sys.platform != "darwin" else 1024**2)
