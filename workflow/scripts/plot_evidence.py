from handcraft.build.jobs import job
from handcraft.figures.evidence import plot_evidence

with job(snakemake) as (inputs, outputs, params):
    plot_evidence(inputs.tables, titles=params.titles, output=outputs.figure)
