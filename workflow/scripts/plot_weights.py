from handcraft.figures.weights import plot_weights
from handcraft.jobs import job

with job(snakemake):
    plot_weights(
        snakemake.input.weights, snakemake.input.support, snakemake.input.tokenizer, snakemake.output.figure
    )
