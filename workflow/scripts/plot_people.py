from handcraft.build.jobs import job
from handcraft.figures.people import plot_people

with job(snakemake):
    plot_people(
        snakemake.input.people,
        snakemake.input.samples,
        snakemake.output.figure,
        groups=snakemake.params.titles,
    )
