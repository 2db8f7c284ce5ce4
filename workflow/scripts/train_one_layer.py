from pathlib import Path

from handcraft.build.jobs import job
from handcraft.config.base import SPLITS
from handcraft.config.predictors import OneLayer
from handcraft.device import Machine
from handcraft.predictors.one_layer.shape import Shape
from handcraft.predictors.one_layer.train import Work, train_one_layer
from handcraft.tokenizer.encode import TokenFiles

with job(snakemake) as (inputs, outputs, params):
    settings = OneLayer(**params.settings)
    train_one_layer(
        dict(zip(SPLITS[:2], map(TokenFiles, inputs.tokens, inputs.starts), strict=True)),
        Shape.of(settings, params.length, params.vocabulary),
        settings=settings,
        seed=params.seed,
        machine=Machine(params.device, params.threads),
        work=Work(Path("work/one_layer", snakemake.wildcards.run), params.code),
        outputs=(outputs.model, outputs.training),
    )
