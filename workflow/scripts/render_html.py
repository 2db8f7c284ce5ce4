from pathlib import Path

from handcraft.build.jobs import job
from handcraft.report.render import render_html

with job(snakemake):
    render_html(
        Path(snakemake.input.source),
        Path(snakemake.output.page),
        Path(snakemake.input.facts),
        explorer=Path(snakemake.input.explorer),
    )
