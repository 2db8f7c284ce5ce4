from handcraft.build.jobs import job
from handcraft.predictors.linear.predict import predict_linear

with job(snakemake):
    for predictor, title in snakemake.params.titles.items():
        predict_linear(
            snakemake.input[predictor],
            snakemake.input.test,
            snakemake.output[predictor],
            predictor=predictor,
            title=title,
        )
