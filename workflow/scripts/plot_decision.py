from handcraft.build.jobs import job
from handcraft.figures.decision import plot_decision

with job(snakemake) as (inputs, outputs, params):
    plot_decision(inputs.decision, output=outputs.figure)
