from handcraft.build.jobs import job
from handcraft.predictors.one_layer.predict import predict_one_layer

with job(snakemake) as (inputs, outputs, params):
    predict_one_layer(
        inputs.model,
        inputs.tokenizer,
        {"test": inputs.test, "validation": inputs.validation},
        title=params.title,
        predictions=outputs.predictions,
        answers=outputs.answers,
    )
