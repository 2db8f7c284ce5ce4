from handcraft.build.jobs import job
from handcraft.contexts.sample import draw_sample

with job(snakemake):
    draw_sample(
        snakemake.input.contexts, snakemake.params.size, snakemake.params.seed, snakemake.output.sample
    )
