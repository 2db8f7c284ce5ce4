from handcraft.figures.people import plot_people
from handcraft.jobs import job

with job(snakemake):
    plot_people(
        snakemake.input.people,
        snakemake.input.samples,
        snakemake.output.figure,
        groups=snakemake.params.titles,
    )
