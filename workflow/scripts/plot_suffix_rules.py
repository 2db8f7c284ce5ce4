from handcraft.build.jobs import job
from handcraft.figures.suffix_rules import plot_suffix_rules

with job(snakemake) as (inputs, outputs, params):
    plot_suffix_rules(inputs.curve, output=outputs.figure)
