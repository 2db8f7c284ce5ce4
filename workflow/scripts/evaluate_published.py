from handcraft.analysis.published_weights import evaluate_published
from handcraft.build.jobs import job

with job(snakemake) as (inputs, outputs, params):
    evaluate_published(
        inputs.weights,
        inputs.support,
        tokenizer=inputs.tokenizer,
        planted=params.planted,
        output=outputs.table,
    )
