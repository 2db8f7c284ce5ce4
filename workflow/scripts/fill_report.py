import os
from pathlib import Path

from handcraft.build.jobs import job
from handcraft.report.fill import fill_report

with job(snakemake):
    sources = Path(os.path.commonpath(snakemake.input.sources))
    facts = snakemake.params.facts | {"code": snakemake.params.code}
    fill_report(
        Path("results"), sources, Path(snakemake.output.source), facts, ends=map(str, snakemake.input)
    )
