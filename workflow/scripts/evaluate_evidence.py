from handcraft.analysis.evidence import evaluate_evidence
from handcraft.build.jobs import job

with job(snakemake):
    evaluate_evidence(
        snakemake.input.weights,
        snakemake.input.validation,
        snakemake.params.bootstrap,
        snakemake.params.confidence,
        snakemake.params.seed,
        snakemake.output.table,
    )
