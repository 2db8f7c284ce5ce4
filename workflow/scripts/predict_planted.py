from handcraft.build.jobs import job
from handcraft.predictors.linear.predict import predict_linear
from handcraft.predictors.rules.bayes import predict_bayes

with job(snakemake) as (inputs, outputs, params):
    predict_bayes(
        inputs.test,
        inputs.tokenizer,
        group=snakemake.wildcards.group,
        title=params.titles["bayes"],
        output=outputs.bayes,
    )
    predict_linear(
        inputs.best_linear,
        inputs.test,
        predictor="best_linear",
        title=params.titles["best_linear"],
        output=outputs.best_linear,
    )
