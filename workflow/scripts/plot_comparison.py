from handcraft.build.jobs import job
from handcraft.figures.comparison import plot_comparison

with job(snakemake):
    plot_comparison(snakemake.input.metrics, snakemake.output.figure, groups=snakemake.params.titles)
