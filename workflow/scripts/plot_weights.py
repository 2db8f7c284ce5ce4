from handcraft.build.jobs import job
from handcraft.figures.weights import plot_weights

with job(snakemake) as (inputs, outputs, params):
    plot_weights(
        inputs.weights,
        inputs.support,
        resampling=(inputs.resampling or [None])[0],
        tokenizer=inputs.tokenizer,
        output=outputs.figure,
    )
