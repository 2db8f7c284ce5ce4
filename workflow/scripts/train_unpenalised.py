from handcraft.analysis.unpenalised import train_unpenalised
from handcraft.build.jobs import job

with job(snakemake):
    train_unpenalised(
        snakemake.input.train, snakemake.params.device, snakemake.params.threads, snakemake.output.weights
    )
