from handcraft.build.jobs import job
from handcraft.predictors.nonlinear.predict import predict_nonlinear

with job(snakemake) as (inputs, outputs, params):
    for predictor, networks in (("additive", inputs.additive), ("nonlinear", inputs.networks)):
        predict_nonlinear(
            networks,
            inputs.linear,
            inputs.test,
            predictor=predictor,
            title=params.titles[predictor],
            output=getattr(outputs, predictor),
        )
