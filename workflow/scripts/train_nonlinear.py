from handcraft.build.jobs import job
from handcraft.config.model import Nonlinear
from handcraft.device import Machine
from handcraft.predictors.nonlinear.train import Inputs, train_nonlinear

with job(snakemake) as (inputs, outputs, params):
    train_nonlinear(
        Inputs(**vars(inputs)),
        settings=Nonlinear(**params.settings),
        seed=params.seed,
        machine=Machine(params.device, params.threads),
        networks=outputs.networks,
        metrics=outputs.metrics,
    )
