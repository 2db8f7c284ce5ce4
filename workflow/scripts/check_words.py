from handcraft.build.jobs import job
from handcraft.tokenizer.words import check_words

with job(snakemake) as (inputs, outputs, params):
    check_words(inputs.tokenizer, words=params.words, output=outputs.words)
