from handcraft.build.jobs import job
from handcraft.config.model import SPLITS
from handcraft.predictors.causal_lm.llama import train_llama

with job(snakemake):
    train_llama(
        dict(zip(SPLITS[:2], snakemake.input.tokens, strict=True)),
        dict(zip(SPLITS[:2], snakemake.input.starts, strict=True)),
        snakemake.input.tokenizer,
        **snakemake.params.settings,
        seed=snakemake.params.seed,
        device=snakemake.params.device,
        threads=snakemake.params.threads,
        output=snakemake.output.model,
        training=snakemake.output.training,
    )
