from pathlib import Path

from handcraft.jobs import job
from handcraft.report.fill import fill_report

with job(snakemake):
    fill_report(Path("results"), Path(snakemake.params.sources), Path(snakemake.output.source), snakemake.params.facts)
