from handcraft.build.jobs import job
from handcraft.evaluation.predictions import evaluate_predictions

with job(snakemake):
    evaluate_predictions(
        snakemake.input.test,
        snakemake.input.train,
        snakemake.input.sample,
        snakemake.input.predictions,
        **snakemake.params.settings,
        seed=snakemake.params.seed,
        metrics=snakemake.output.metrics,
        comparisons=snakemake.output.comparisons,
        sample_metrics=snakemake.output.sample_metrics,
        sample_comparisons=snakemake.output.sample_comparisons,
    )
