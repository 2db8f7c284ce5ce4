from handcraft.build.jobs import job
from handcraft.figures.evidence import plot_evidence

with job(snakemake):
    plot_evidence(snakemake.input.tables, snakemake.output.figure, titles=snakemake.params.titles)
