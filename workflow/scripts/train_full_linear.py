from handcraft.build.jobs import job
from handcraft.config.base import SPLITS
from handcraft.config.predictors import FullLinear
from handcraft.device import Machine
from handcraft.predictors.linear.full import train_full_linear
from handcraft.tokenizer.encode import TokenFiles

with job(snakemake) as (inputs, outputs, params):
    train_full_linear(
        dict(zip(SPLITS, map(TokenFiles, inputs.tokens, inputs.starts), strict=True)),
        length=params.length,
        vocabulary=params.vocabulary,
        settings=FullLinear(**params.settings),
        seed=params.seed,
        machine=Machine(params.device, params.threads),
        outputs=(outputs.model, outputs.path, outputs.losses),
    )
