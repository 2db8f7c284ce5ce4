from handcraft.build.jobs import job
from handcraft.predictors.linear.minibatch import train_minibatch

with job(snakemake):
    train_minibatch(
        snakemake.input.train,
        snakemake.input.validation,
        snakemake.input.linear,
        **snakemake.params.settings,
        seed=snakemake.params.seed,
        device=snakemake.params.device,
        threads=snakemake.params.threads,
        history=snakemake.output.history,
        metrics=snakemake.output.metrics,
    )
