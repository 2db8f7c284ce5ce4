from handcraft.contexts import draw_sample
from handcraft.jobs import job

with job(snakemake):
    draw_sample(
        snakemake.input.contexts, snakemake.params.size, snakemake.params.seed, snakemake.output.sample
    )
