from handcraft.build.jobs import job
from handcraft.predictors.counts.last_token import predict_last_token
from handcraft.predictors.counts.majority import predict_majority

with job(snakemake):
    predict_majority(
        snakemake.input.train,
        snakemake.input.test,
        snakemake.output.majority,
        title=snakemake.params.titles["majority"],
    )
    predict_last_token(
        snakemake.input.train,
        snakemake.input.test,
        snakemake.params.smoothing,
        snakemake.output.last_token,
        title=snakemake.params.titles["last_token"],
    )
