from handcraft.build.jobs import job
from handcraft.figures.overview import plot_overview

with job(snakemake) as (inputs, outputs, params):
    plot_overview(
        inputs.tables,
        inputs.verdicts,
        inputs.metrics,
        titles=params.titles,
        baseline=params.baseline,
        output=outputs.figure,
    )
