from handcraft.build.jobs import job
from handcraft.config.model import Evaluation
from handcraft.evaluation.learning_curve import evaluate_learning_curve
from handcraft.evaluation.linearity import Inputs

with job(snakemake) as (inputs, outputs, params):
    evaluate_learning_curve(
        inputs.curve,
        Inputs(
            inputs.train,
            inputs.validation,
            inputs.test,
            inputs.predictions,
            inputs.answers,
            inputs.held_out,
        ),
        settings=Evaluation(**params.settings),
        groups=params.groups,
        seed=params.seed,
        table=outputs.table,
        needed=outputs.needed,
    )
