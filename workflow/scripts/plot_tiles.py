from handcraft.build.jobs import job
from handcraft.figures.tiles import plot_tiles

with job(snakemake) as (inputs, outputs, params):
    plot_tiles(inputs.weights, inputs.tokenizer, token=params.token, output=outputs.figure)
