from handcraft.build.jobs import job
from handcraft.figures.training import plot_training

with job(snakemake):
    plot_training(
        snakemake.input.history,
        snakemake.input.metrics,
        snakemake.input.evaluation,
        snakemake.params.baseline,
        snakemake.output.figure,
    )
