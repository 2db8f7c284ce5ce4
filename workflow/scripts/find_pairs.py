from handcraft.analysis.pairs import Inputs, find_pairs
from handcraft.build.jobs import job
from handcraft.config.model import Pairs
from handcraft.device import Machine

with job(snakemake) as (inputs, outputs, params):
    find_pairs(
        Inputs(**vars(inputs)),
        settings=Pairs(**params.settings),
        seed=params.seed,
        machine=Machine(params.device, params.threads),
        table=outputs.table,
        curve=outputs.curve,
    )
