from handcraft.build.jobs import job
from handcraft.config.predictors import Nonlinear
from handcraft.device import Machine
from handcraft.predictors.nonlinear.train import Inputs, Outputs, train_nonlinear

with job(snakemake) as (inputs, outputs, params):
    train_nonlinear(
        Inputs(**vars(inputs)),
        settings=Nonlinear(**params.settings),
        margin=params.margin,
        seed=params.seed,
        machine=Machine(params.device, params.threads),
        outputs=Outputs(**vars(outputs)),
    )
