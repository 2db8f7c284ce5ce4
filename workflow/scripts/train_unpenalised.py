from handcraft.jobs import job
from handcraft.predictors.unpenalised import train_unpenalised

with job(snakemake):
    train_unpenalised(
        snakemake.input.train, snakemake.params.device, snakemake.params.threads, snakemake.output.weights
    )
