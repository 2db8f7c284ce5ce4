from handcraft.build.jobs import job
from handcraft.config.model import Evaluation
from handcraft.evaluation.causal_lms import Inputs, evaluate_causal_lms

with job(snakemake) as (inputs, outputs, params):
    evaluate_causal_lms(
        Inputs(params.groups, **vars(inputs)),
        settings=Evaluation(**params.settings),
        seed=params.seed,
        table=outputs.table,
        calibration=outputs.calibration,
        bins=outputs.bins,
        asked=outputs.asked,
    )
