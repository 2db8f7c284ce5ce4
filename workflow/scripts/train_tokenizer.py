from handcraft.build.jobs import job
from handcraft.tokenizer.train import train_tokenizer

with job(snakemake):
    train_tokenizer(
        snakemake.input.corpus,
        snakemake.output.tokenizer,
        snakemake.params.vocabulary,
        threads=snakemake.params.threads,
    )
