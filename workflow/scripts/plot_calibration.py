from handcraft.figures.calibration import plot_calibration
from handcraft.jobs import job

with job(snakemake):
    plot_calibration(
        snakemake.input.bins,
        snakemake.wildcards.lm,
        snakemake.output.figure,
        groups=snakemake.params.titles,
    )
