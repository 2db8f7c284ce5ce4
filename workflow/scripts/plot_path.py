from handcraft.build.jobs import job
from handcraft.figures.path import plot_path

with job(snakemake) as (inputs, outputs, params):
    plot_path(inputs.tables, titles=params.titles, output=outputs.figure)
