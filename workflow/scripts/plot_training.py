from handcraft.figures.training import plot_training
from handcraft.jobs import job

with job(snakemake):
    plot_training(
        snakemake.input.history,
        snakemake.input.metrics,
        snakemake.input.evaluation,
        snakemake.params.baseline,
        snakemake.output.figure,
    )
