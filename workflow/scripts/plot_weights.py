from handcraft.build.jobs import job
from handcraft.figures.weights import plot_weights

with job(snakemake) as (inputs, outputs, params):
    plot_weights(inputs.weights, inputs.support, tokenizer=inputs.tokenizer, output=outputs.figure)
