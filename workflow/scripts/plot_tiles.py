from handcraft.figures.tiles import plot_tiles
from handcraft.jobs import job

with job(snakemake):
    plot_tiles(
        snakemake.input.weights, snakemake.input.tokenizer, snakemake.params.token, snakemake.output.figure
    )
