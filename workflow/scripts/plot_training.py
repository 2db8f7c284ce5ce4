from handcraft.build.jobs import job
from handcraft.figures.training import plot_training

with job(snakemake) as (inputs, outputs, params):
    plot_training(
        inputs.history,
        inputs.metrics,
        evaluation=inputs.evaluation,
        baseline=params.baseline,
        output=outputs.figure,
    )
