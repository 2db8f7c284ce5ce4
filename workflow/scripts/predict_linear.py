from handcraft.build.jobs import job
from handcraft.predictors.linear.predict import predict_linear

with job(snakemake) as (inputs, outputs, params):
    for predictor, title in params.titles.items():
        predict_linear(
            vars(inputs)[predictor],
            inputs.test,
            predictor=predictor,
            title=title,
            output=vars(outputs)[predictor],
        )
