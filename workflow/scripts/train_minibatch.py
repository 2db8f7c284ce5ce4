from handcraft.predictors.minibatch import train_minibatch

from handcraft.jobs import job

with job(snakemake):
    train_minibatch(
        snakemake.input.train,
        snakemake.input.validation,
        snakemake.input.linear,
        **snakemake.params.settings,
        seed=snakemake.params.seed,
        device=snakemake.params.device,
        threads=snakemake.threads,
        history=snakemake.output.history,
        metrics=snakemake.output.metrics,
    )
