from handcraft.build.jobs import job
from handcraft.predictors.rules.people import Inputs, predict_rules

with job(snakemake) as (inputs, outputs, params):
    predict_rules(
        Inputs(**vars(inputs)),
        titles=params.titles,
        rules=outputs.rules,
        refitted=outputs.rules_refitted,
        model=outputs.model,
    )
