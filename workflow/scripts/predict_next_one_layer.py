from handcraft.build.jobs import job
from handcraft.config.base import SPLITS
from handcraft.predictors.one_layer.predict import predict_next_one_layer
from handcraft.tokenizer.encode import TokenFiles

with job(snakemake) as (inputs, outputs, params):
    predict_next_one_layer(
        inputs.model,
        dict(zip(SPLITS[1:], map(TokenFiles, inputs.tokens, inputs.starts), strict=True)),
        output=outputs.losses,
    )
