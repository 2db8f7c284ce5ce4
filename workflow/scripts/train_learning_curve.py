from handcraft.analysis.learning_curve import Inputs, train_learning_curve
from handcraft.build.jobs import job
from handcraft.config.model import LearningCurve
from handcraft.config.predictors import Linear, Nonlinear
from handcraft.device import Machine

with job(snakemake) as (inputs, outputs, params):
    train_learning_curve(
        Inputs(**vars(inputs)),
        settings=LearningCurve(**params.settings),
        linear=Linear(**params.linear),
        nonlinear=params.nonlinear and Nonlinear(**params.nonlinear),
        seed=params.seed,
        machine=Machine(params.device, params.threads),
        output=outputs.curve,
    )
