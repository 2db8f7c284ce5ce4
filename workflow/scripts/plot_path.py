from handcraft.figures.path import plot_path
from handcraft.jobs import job

with job(snakemake):
    plot_path(snakemake.input.tables, snakemake.output.figure, titles=snakemake.params.titles)
