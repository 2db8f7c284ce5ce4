from handcraft.build.jobs import job
from handcraft.config.model import Evaluation
from handcraft.evaluation.pairs import evaluate_pairs

with job(snakemake) as (inputs, outputs, params):
    evaluate_pairs(
        inputs.curve,
        inputs.test,
        inputs.predictions,
        settings=Evaluation(**params.settings),
        seed=params.seed,
        output=outputs.table,
    )
