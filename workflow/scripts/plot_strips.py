from handcraft.build.jobs import job
from handcraft.figures.strips import plot_strips

with job(snakemake):
    plot_strips(
        *(snakemake.input[name] for name in ("weights", "support", "influence", "tokenizer")),
        named=snakemake.params.tiles,
        count=snakemake.params.tokens,
        output=snakemake.output.figure,
    )
