from handcraft.build.jobs import job
from handcraft.config.base import SPLITS
from handcraft.config.model import Contexts, Variant
from handcraft.contexts.build import build_contexts
from handcraft.tokenizer.encode import TokenFiles

with job(snakemake) as (inputs, outputs, params):
    build_contexts(
        dict(zip(SPLITS, map(TokenFiles, inputs.tokens, inputs.starts), strict=True)),
        inputs.tokenizer,
        variant=Variant(**params.variant),
        settings=Contexts(**params.settings),
        seed=params.seed,
        outputs=dict(zip(SPLITS, outputs.contexts, strict=True)),
        summary=outputs.summary,
    )
