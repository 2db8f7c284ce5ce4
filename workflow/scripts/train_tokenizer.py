from handcraft.jobs import job
from handcraft.tokenizer import train_tokenizer

with job(snakemake):
    train_tokenizer(
        snakemake.input.corpus,
        snakemake.output.tokenizer,
        snakemake.params.vocabulary,
        threads=snakemake.params.threads,
    )
