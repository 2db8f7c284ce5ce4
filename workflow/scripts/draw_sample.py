from handcraft.build.jobs import job
from handcraft.contexts.sample import draw_sample

with job(snakemake) as (inputs, outputs, params):
    draw_sample(inputs.contexts, size=params.size, seed=params.seed, output=outputs.sample)
