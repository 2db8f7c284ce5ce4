from handcraft.build.jobs import job
from handcraft.predictors.linear.resample import train_resamples

with job(snakemake):
    train_resamples(
        snakemake.input.train,
        snakemake.input.weights,
        **snakemake.params.settings,
        seed=snakemake.params.seed,
        device=snakemake.params.device,
        threads=snakemake.params.threads,
        output=snakemake.output.resampling,
    )
