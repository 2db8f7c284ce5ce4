from handcraft.analysis.rules import evaluate_rules
from handcraft.build.jobs import job
from handcraft.predictors.rules.people import Inputs

with job(snakemake) as (inputs, outputs, params):
    evaluate_rules(
        Inputs(inputs.rules, inputs.tokenizer, inputs.train, inputs.validation, inputs.test),
        inputs.model,
        confidence=params.confidence,
        table=outputs.table,
        curve=outputs.curve,
    )
