from handcraft.build.jobs import job
from handcraft.figures.penalty import plot_penalty

with job(snakemake) as (inputs, outputs, params):
    plot_penalty(inputs.unpenalised, inputs.weights, support=inputs.support, output=outputs.figure)
