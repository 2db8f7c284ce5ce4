from handcraft.build.jobs import job
from handcraft.predictors.rules.bayes import predict_bayes

with job(snakemake):
    predict_bayes(
        snakemake.input.test,
        snakemake.input.tokenizer,
        snakemake.wildcards.group,
        snakemake.output.predictions,
        title=snakemake.params.title,
    )
