from handcraft.build.jobs import job
from handcraft.tokenizer.encode import encode_corpus

with job(snakemake) as (inputs, outputs, params):
    encode_corpus(inputs.corpus, inputs.tokenizer, tokens=outputs.tokens, starts=outputs.starts)
