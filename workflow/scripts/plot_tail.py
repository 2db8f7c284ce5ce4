from handcraft.build.jobs import job
from handcraft.figures.tail import plot_tail

with job(snakemake) as (inputs, outputs, params):
    plot_tail(inputs.tail, inputs.law, output=outputs.figure)
