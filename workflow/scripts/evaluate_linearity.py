from pathlib import Path

from handcraft.build.jobs import job
from handcraft.config.model import Evaluation
from handcraft.evaluation.linearity import Inputs, evaluate_linearity

with job(snakemake) as (inputs, outputs, params):
    evaluate_linearity(
        Inputs(
            inputs.train,
            inputs.validation,
            inputs.test,
            inputs.predictions,
            inputs.answers,
            inputs.held_out,
            *map(Path, inputs.network),
        ),
        settings=Evaluation(**params.settings),
        groups=params.groups,
        seed=params.seed,
        table=outputs.table,
        verdict=outputs.verdict,
    )
