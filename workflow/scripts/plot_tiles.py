from handcraft.build.jobs import job
from handcraft.figures.tiles import plot_tiles

with job(snakemake):
    plot_tiles(
        snakemake.input.weights, snakemake.input.tokenizer, snakemake.params.token, snakemake.output.figure
    )
