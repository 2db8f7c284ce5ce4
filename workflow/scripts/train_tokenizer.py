from handcraft.build.jobs import job
from handcraft.tokenizer.train import train_tokenizer

with job(snakemake) as (inputs, outputs, params):
    train_tokenizer(
        inputs.corpus, vocabulary=params.vocabulary, threads=params.threads, output=outputs.tokenizer
    )
