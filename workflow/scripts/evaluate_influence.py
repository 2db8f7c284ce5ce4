from pathlib import Path

from handcraft.analysis.evidence import evaluate_evidence
from handcraft.analysis.influence import evaluate_influence
from handcraft.build.jobs import job

with job(snakemake):
    evaluate_influence(
        *(Path(snakemake.input[name]) for name in ("weights", "support", "validation")),
        output=Path(snakemake.output.influence),
    )
    evaluate_evidence(
        snakemake.input.weights,
        snakemake.input.validation,
        snakemake.params.bootstrap,
        snakemake.params.confidence,
        snakemake.params.seed,
        snakemake.output.evidence,
    )
