from handcraft.analysis.planted import evaluate_planted
from handcraft.build.jobs import job

with job(snakemake):
    groups = snakemake.params.groups
    evaluate_planted(
        dict(zip(groups, snakemake.input.test, strict=True)),
        dict(zip(groups, snakemake.input.weights, strict=True)),
        dict(zip(groups, snakemake.input.best_linear, strict=True)),
        snakemake.input.tokenizer,
        snakemake.output.table,
        snakemake.output.rules,
    )
