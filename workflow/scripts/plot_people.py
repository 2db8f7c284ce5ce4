from handcraft.build.jobs import job
from handcraft.figures.people import plot_people

with job(snakemake) as (inputs, outputs, params):
    plot_people(inputs.people, inputs.samples, titles=params.titles, output=outputs.figure)
