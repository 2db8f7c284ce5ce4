from handcraft.analysis.published_weights import evaluate_published
from handcraft.build.jobs import job

with job(snakemake):
    evaluate_published(
        snakemake.input.weights,
        snakemake.input.support,
        snakemake.input.tokenizer,
        snakemake.params.planted,
        snakemake.output.table,
    )
