from handcraft.build.jobs import job
from handcraft.evaluation.occurrence import evaluate_occurrence

with job(snakemake) as (inputs, outputs, params):
    evaluate_occurrence(
        list(zip(params.groups, inputs.word, inputs.token, inputs.summary, strict=True)),
        output=outputs.table,
    )
