from pathlib import Path

from handcraft.build.jobs import job
from handcraft.report.record import write_build_record

with job(snakemake) as (inputs, outputs, params):
    write_build_record(Path("results/provenance"), output=outputs.metadata)
