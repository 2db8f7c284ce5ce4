from handcraft.build.jobs import job
from handcraft.figures.calibration import plot_calibration

with job(snakemake) as (inputs, outputs, params):
    plot_calibration(
        inputs.bins, predictor=snakemake.wildcards.lm, titles=params.titles, output=outputs.figure
    )
