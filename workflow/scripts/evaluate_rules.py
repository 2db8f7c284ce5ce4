from handcraft.analysis.rules import Inputs, evaluate_rules
from handcraft.build.jobs import job

with job(snakemake) as (inputs, outputs, params):
    evaluate_rules(
        Inputs(**vars(inputs)), confidence=params.confidence, table=outputs.table, curve=outputs.curve
    )
