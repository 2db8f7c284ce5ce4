from handcraft.build.jobs import job
from handcraft.figures.calibration import plot_calibration

with job(snakemake):
    plot_calibration(
        snakemake.input.bins,
        snakemake.wildcards.lm,
        snakemake.output.figure,
        groups=snakemake.params.titles,
    )
