from handcraft.build.jobs import job
from handcraft.figures.pairs import plot_pairs

with job(snakemake) as (inputs, outputs, params):
    plot_pairs(inputs.tables, titles=params.titles, output=outputs.figure)
