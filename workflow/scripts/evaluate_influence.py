from pathlib import Path

from handcraft.evaluation.influence import evaluate_influence
from handcraft.jobs import job

with job(snakemake):
    evaluate_influence(
        *(Path(snakemake.input[name]) for name in ("weights", "support", "validation")),
        output=Path(snakemake.output.influence),
    )
