from handcraft.build.jobs import job
from handcraft.figures.comparison import plot_comparison

with job(snakemake) as (inputs, outputs, params):
    plot_comparison(inputs.metrics, titles=params.titles, output=outputs.figure)
