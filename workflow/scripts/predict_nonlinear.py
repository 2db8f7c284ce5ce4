from handcraft.build.jobs import job
from handcraft.predictors.nonlinear.predict import predict_nonlinear

with job(snakemake) as (inputs, outputs, params):
    predict_nonlinear(
        inputs.networks, inputs.linear, inputs.test, title=params.title, output=outputs.predictions
    )
