from pathlib import Path

from handcraft.build.jobs import job
from handcraft.report.render import render_pdf

with job(snakemake):
    render_pdf(Path(snakemake.input.source), Path(snakemake.output.pdf), Path(snakemake.input.facts))
