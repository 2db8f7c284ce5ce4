from handcraft.analysis.best_linear import train_best_linear
from handcraft.build.jobs import job

with job(snakemake):
    groups = snakemake.params.groups
    train_best_linear(
        dict(zip(groups, snakemake.input.train, strict=True)),
        snakemake.input.tokenizer,
        **snakemake.params.settings,
        seed=snakemake.params.seed,
        device=snakemake.params.device,
        threads=snakemake.params.threads,
        outputs=dict(zip(groups, snakemake.output.weights, strict=True)),
    )
