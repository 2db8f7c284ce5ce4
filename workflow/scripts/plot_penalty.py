from handcraft.build.jobs import job
from handcraft.figures.penalty import plot_penalty

with job(snakemake):
    plot_penalty(
        *(snakemake.input[name] for name in ("unpenalised", "weights", "support")),
        output=snakemake.output.figure,
    )
