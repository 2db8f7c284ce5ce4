from handcraft.build.jobs import job
from handcraft.figures.learning_curve import plot_learning_curve

with job(snakemake) as (inputs, outputs, params):
    plot_learning_curve(inputs.tables, inputs.needed, titles=params.titles, output=outputs.figure)
