from handcraft.analysis.first_rules import find_first_rules
from handcraft.build.jobs import job
from handcraft.config.predictors import Linear
from handcraft.device import Machine

with job(snakemake) as (inputs, outputs, params):
    find_first_rules(
        inputs.train,
        inputs.path,
        inputs.tokenizer,
        settings=Linear(**params.settings),
        machine=Machine(params.device, params.threads),
        output=outputs.rules,
    )
