from handcraft.build.jobs import job
from handcraft.predictors.counts.majority import predict_majority

with job(snakemake):
    predict_majority(
        snakemake.input.train,
        snakemake.input.test,
        snakemake.output.predictions,
        title=snakemake.params.title,
    )
