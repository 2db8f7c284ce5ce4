from handcraft.build.jobs import job
from handcraft.config.model import Evaluation
from handcraft.evaluation.rules_curve import evaluate_rules_curve

with job(snakemake) as (inputs, outputs, params):
    evaluate_rules_curve(
        inputs.curve,
        inputs.test,
        inputs.linear,
        files=inputs.files,
        settings=Evaluation(**params.settings),
        seed=params.seed,
        output=outputs.table,
    )
