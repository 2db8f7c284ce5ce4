from pathlib import Path

from handcraft.build.jobs import job
from handcraft.report.facts import write_build_facts

with job(snakemake) as (inputs, outputs, params):
    write_build_facts(Path("results/provenance"), output=outputs.facts)
