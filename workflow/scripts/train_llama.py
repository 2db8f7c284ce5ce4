from handcraft.build.jobs import job
from handcraft.config.base import SPLITS
from handcraft.config.predictors import LlamaTraining
from handcraft.device import Machine
from handcraft.predictors.causal_lm.llama import train_llama
from handcraft.tokenizer.encode import TokenFiles

with job(snakemake) as (inputs, outputs, params):
    train_llama(
        dict(zip(SPLITS[:2], map(TokenFiles, inputs.tokens, inputs.starts), strict=True)),
        inputs.tokenizer,
        settings=LlamaTraining(**params.settings),
        seed=params.seed,
        machine=Machine(params.device, params.threads),
        output=outputs.model,
        training=outputs.training,
    )
