from handcraft.jobs import job
from handcraft.predictors.linear_predict import predict_linear

with job(snakemake):
    predict_linear(snakemake.input.weights, snakemake.input.test, snakemake.output.predictions)
