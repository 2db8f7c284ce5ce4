from handcraft.build.jobs import job
from handcraft.figures.next_token import plot_next_token

with job(snakemake) as (inputs, outputs, params):
    plot_next_token(inputs.table, output=outputs.figure)
