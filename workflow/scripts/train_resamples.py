from handcraft.build.jobs import job
from handcraft.config.predictors import Linear
from handcraft.device import Machine
from handcraft.predictors.linear.resample import train_resamples

with job(snakemake) as (inputs, outputs, params):
    train_resamples(
        inputs.train,
        inputs.weights,
        settings=Linear(**params.settings),
        seed=params.seed,
        machine=Machine(params.device, params.threads),
        output=outputs.resampling,
    )
