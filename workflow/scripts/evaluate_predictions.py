from handcraft.build.jobs import job
from handcraft.config.model import Evaluation
from handcraft.evaluation.predictions import Inputs, Outputs, evaluate_predictions

with job(snakemake) as (inputs, outputs, params):
    evaluate_predictions(
        Inputs(**vars(inputs)),
        settings=Evaluation(**params.settings),
        groups=params.groups,
        seed=params.seed,
        outputs=Outputs(**vars(outputs)),
    )
