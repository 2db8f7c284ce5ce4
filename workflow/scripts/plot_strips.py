from handcraft.build.jobs import job
from handcraft.figures.strips import plot_strips

with job(snakemake) as (inputs, outputs, params):
    plot_strips(
        inputs.weights,
        inputs.support,
        influence=inputs.influence,
        tokenizer=inputs.tokenizer,
        named=params.tiles,
        count=params.tokens,
        output=outputs.figure,
    )
