from handcraft.figures.evidence import plot_evidence
from handcraft.jobs import job

with job(snakemake):
    plot_evidence(snakemake.input.tables, snakemake.output.figure, titles=snakemake.params.titles)
