"""What jobs took of memory beside what they asked a scheduler for, from the sidecars of finished builds.

    python benchmarks/memory.py BUILD [BUILD ...]

A row a rule, over all its jobs in all builds: the largest input, the peak memory of the process, what it asked for on
the first try, and the job that came nearest to it. Beside the process a job on a cluster has two Snakemakes of its own
(`handcraft.build.resources.SNAKEMAKE`). Ends with 1 where a job took more than it asked for.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path

from handcraft.build.resources import SNAKEMAKE, input_mb


def jobs_of(build: Path) -> list[dict]:  # type: ignore[type-arg]
    found = [json.loads(p.read_text()) for p in sorted((build / "results" / "provenance").glob("*.json"))]
    return [
        {
            "rule": f["rule"],
            "input": input_mb(build / p for p in f["inputs"]),
            "peak": f["peak_memory_mb"],
            "asked": f["asked_memory_mb"],
        }
        for f in found
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("builds", nargs="+", type=Path)
    rules = defaultdict(list)
    for build in parser.parse_args().builds:
        for job in jobs_of(build):
            rules[job["rule"]].append(job)
    print(
        "| rule | jobs | largest input (MB) | peak (MB) | asked for that (MB) | nearest: (peak + Snakemake) / asked |"
    )
    print("|---|---|---|---|---|---|")
    worst = 0.0
    for rule, jobs in sorted(rules.items()):
        top = max(jobs, key=lambda j: j["peak"])
        near = max((j["peak"] + SNAKEMAKE) / j["asked"] for j in jobs)
        worst = max(worst, near)
        largest = max(j["input"] for j in jobs)
        print(
            f"| `{rule}` | {len(jobs)} | {largest:,.1f} | {top['peak']:,.0f} | {top['asked']:,} | {near:.2f} |"
        )
    return int(worst > 1)


if __name__ == "__main__":
    raise SystemExit(main())
