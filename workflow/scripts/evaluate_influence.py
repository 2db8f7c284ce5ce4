from pathlib import Path

from handcraft.analysis.influence import evaluate_influence
from handcraft.build.jobs import job

with job(snakemake):
    evaluate_influence(
        *(Path(snakemake.input[name]) for name in ("weights", "support", "validation")),
        output=Path(snakemake.output.influence),
    )
