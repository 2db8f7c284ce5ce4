import os
from pathlib import Path

from handcraft.build.jobs import job
from handcraft.report.fill import fill_report
from handcraft.report.results import Metadata

with job(snakemake) as (inputs, outputs, params):
    fill_report(
        Path("results"),
        Path(os.path.commonpath(inputs.sources)),
        metadata=Metadata(**params.metadata, code=params.code),
        ends=map(str, snakemake.input),
        output=outputs.source,
    )
