from handcraft.build.jobs import job
from handcraft.tokenizer.encode import encode_corpus

with job(snakemake):
    encode_corpus(
        snakemake.input.corpus,
        snakemake.input.tokenizer,
        snakemake.output.tokens,
        snakemake.output.starts,
    )
