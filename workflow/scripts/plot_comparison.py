from handcraft.figures.comparison import plot_comparison
from handcraft.jobs import job

with job(snakemake):
    plot_comparison(snakemake.input.metrics, snakemake.output.figure, groups=snakemake.params.titles)
