from handcraft.build.jobs import job
from handcraft.figures.linearity import plot_linearity

with job(snakemake) as (inputs, outputs, params):
    plot_linearity(inputs.tables, inputs.verdicts, titles=params.titles, output=outputs.figure)
