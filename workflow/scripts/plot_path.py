from handcraft.build.jobs import job
from handcraft.figures.path import plot_path

with job(snakemake):
    plot_path(snakemake.input.tables, snakemake.output.figure, titles=snakemake.params.titles)
