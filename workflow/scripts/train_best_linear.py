from handcraft.analysis.best_linear import train_best_linear
from handcraft.build.jobs import job
from handcraft.config.corpus import BestLinear
from handcraft.device import Machine

with job(snakemake) as (inputs, outputs, params):
    train_best_linear(
        dict(zip(params.groups, inputs.train, strict=True)),
        inputs.tokenizer,
        settings=BestLinear(**params.settings),
        seed=params.seed,
        machine=Machine(params.device, params.threads),
        outputs=dict(zip(params.groups, outputs.weights, strict=True)),
    )
