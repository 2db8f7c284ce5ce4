from pathlib import Path

from handcraft.build.jobs import job
from handcraft.report.record import Command, write_build_record

with job(snakemake) as (inputs, outputs, params):
    command = Command(params.directory, params.configs)
    write_build_record(Path("results/provenance"), command=command, output=outputs.metadata)
