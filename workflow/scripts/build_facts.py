from pathlib import Path

from handcraft.build.jobs import job
from handcraft.report.facts import write_build_facts

with job(snakemake):
    write_build_facts(Path("results/provenance"), Path(snakemake.output.facts))
