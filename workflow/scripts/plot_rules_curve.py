from handcraft.build.jobs import job
from handcraft.figures.rules_curve import plot_rules_curve

with job(snakemake) as (inputs, outputs, params):
    plot_rules_curve(inputs.tables, metrics=inputs.metrics, titles=params.titles, output=outputs.figure)
