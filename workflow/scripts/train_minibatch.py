from handcraft.build.jobs import job
from handcraft.config.predictors import Minibatch
from handcraft.device import Machine
from handcraft.predictors.linear.minibatch import Inputs, train_minibatch

with job(snakemake) as (inputs, outputs, params):
    train_minibatch(
        Inputs(**vars(inputs)),
        settings=Minibatch(**params.settings),
        seed=params.seed,
        machine=Machine(params.device, params.threads),
        history=outputs.history,
        metrics=outputs.metrics,
    )
