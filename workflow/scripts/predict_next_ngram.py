from handcraft.build.jobs import job
from handcraft.config.base import SPLITS
from handcraft.predictors.counts.next_token import predict_next_ngram
from handcraft.tokenizer.encode import TokenFiles

with job(snakemake) as (inputs, outputs, params):
    predict_next_ngram(
        dict(zip(SPLITS, map(TokenFiles, inputs.tokens, inputs.starts), strict=True)),
        length=params.length,
        vocabulary=params.vocabulary,
        output=outputs.losses,
    )
