from handcraft.build.jobs import job
from handcraft.config.predictors import Linear
from handcraft.device import Machine
from handcraft.predictors.linear.train import Outputs, train_linear

with job(snakemake) as (inputs, outputs, params):
    train_linear(
        inputs.train,
        inputs.validation,
        settings=Linear(**params.settings),
        machine=Machine(params.device, params.threads),
        outputs=Outputs(**vars(outputs)),
    )
