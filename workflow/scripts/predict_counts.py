from handcraft.build.jobs import job
from handcraft.predictors.counts.last_token import predict_last_token
from handcraft.predictors.counts.majority import predict_majority
from handcraft.predictors.counts.ngram import predict_ngram

with job(snakemake) as (inputs, outputs, params):
    predict_majority(inputs.train, inputs.test, title=params.titles["majority"], output=outputs.majority)
    predict_last_token(
        inputs.train,
        inputs.test,
        smoothing=params.smoothing,
        title=params.titles["last_token"],
        output=outputs.last_token,
    )
    predict_ngram(
        inputs.train,
        inputs.validation,
        inputs.test,
        title=params.titles["ngram"],
        output=outputs.ngram,
        answers=outputs.answers,
    )
