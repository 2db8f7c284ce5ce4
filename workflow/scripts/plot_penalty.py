from handcraft.figures.penalty import plot_penalty
from handcraft.jobs import job

with job(snakemake):
    plot_penalty(
        *(snakemake.input[name] for name in ("unpenalised", "weights", "support")),
        output=snakemake.output.figure,
    )
