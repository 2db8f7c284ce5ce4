from handcraft.analysis.find_rules import Inputs, Outputs, find_rules
from handcraft.build.jobs import job
from handcraft.config.model import Proposals
from handcraft.config.predictors import Linear
from handcraft.device import Machine

with job(snakemake) as (inputs, outputs, params):
    find_rules(
        Inputs(**vars(inputs)),
        settings=Proposals(**params.settings),
        linear=Linear(**params.linear),
        seed=params.seed,
        machine=Machine(params.device, params.threads),
        outputs=Outputs(**vars(outputs)),
    )
