from handcraft.build.jobs import job
from handcraft.predictors.counts.last_token import predict_last_token

with job(snakemake):
    predict_last_token(
        snakemake.input.train,
        snakemake.input.test,
        snakemake.params.smoothing,
        snakemake.output.predictions,
        title=snakemake.params.title,
    )
