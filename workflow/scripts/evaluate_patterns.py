from pathlib import Path

from handcraft.build.jobs import job
from handcraft.config.model import Evaluation
from handcraft.evaluation.patterns import Inputs, evaluate_patterns

with job(snakemake) as (inputs, outputs, params):
    evaluate_patterns(
        Inputs(inputs.test, inputs.validation, inputs.linear, inputs.tokenizer, *map(Path, inputs.answers)),
        settings=Evaluation(**params.settings),
        groups=params.groups,
        output=outputs.table,
    )
