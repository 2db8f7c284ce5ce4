from handcraft.build.jobs import job
from handcraft.predictors.rules.bayes import predict_bayes

with job(snakemake) as (inputs, outputs, params):
    predict_bayes(
        inputs.test,
        inputs.tokenizer,
        group=snakemake.wildcards.group,
        title=params.title,
        output=outputs.predictions,
    )
