from handcraft.build.jobs import job
from handcraft.predictors.linear.train import train_linear

with job(snakemake):
    train_linear(
        snakemake.input.train,
        snakemake.input.validation,
        **snakemake.params.settings,
        device=snakemake.params.device,
        threads=snakemake.params.threads,
        weights=snakemake.output.weights,
        sparser=snakemake.output.sparser,
        support=snakemake.output.support,
        path=snakemake.output.path,
        metrics=snakemake.output.metrics,
    )
