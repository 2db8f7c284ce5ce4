from handcraft.figures.strips import plot_strips
from handcraft.jobs import job

with job(snakemake):
    plot_strips(
        *(snakemake.input[name] for name in ("weights", "support", "influence", "tokenizer")),
        named=snakemake.params.tiles,
        count=snakemake.params.tokens,
        output=snakemake.output.figure,
    )
