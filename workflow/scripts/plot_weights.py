from handcraft.build.jobs import job
from handcraft.figures.weights import plot_weights

with job(snakemake):
    plot_weights(
        snakemake.input.weights, snakemake.input.support, snakemake.input.tokenizer, snakemake.output.figure
    )
