from handcraft.jobs import job
from handcraft.predictors.majority import predict_majority

with job(snakemake):
    predict_majority(snakemake.input.train, snakemake.input.test, snakemake.output.predictions)
