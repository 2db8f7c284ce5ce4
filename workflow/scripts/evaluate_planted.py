from handcraft.analysis.planted import evaluate_planted
from handcraft.build.jobs import job

with job(snakemake) as (inputs, outputs, params):
    evaluate_planted(
        dict(zip(params.groups, inputs.test, strict=True)),
        weights=dict(zip(params.groups, inputs.weights, strict=True)),
        best=dict(zip(params.groups, inputs.best_linear, strict=True)),
        tokenizer=inputs.tokenizer,
        pairs=dict(zip(params.groups, inputs.pairs, strict=False)),
        output=outputs.table,
        rules=outputs.rules,
    )
