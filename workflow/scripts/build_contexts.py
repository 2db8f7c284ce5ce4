from handcraft.build.jobs import job
from handcraft.config.model import SPLITS
from handcraft.contexts.build import build_contexts

with job(snakemake):
    build_contexts(
        tokens=dict(zip(SPLITS, snakemake.input.tokens, strict=True)),
        starts=dict(zip(SPLITS, snakemake.input.starts, strict=True)),
        tokenizer=snakemake.input.tokenizer,
        candidates=snakemake.params.candidates,
        match=snakemake.params.match,
        length=snakemake.params.length,
        sampling=snakemake.params.sampling,
        max_train=snakemake.params.max_train,
        max_test=snakemake.params.max_test,
        seed=snakemake.params.seed,
        group=snakemake.params.group,
        outputs=dict(zip(SPLITS, snakemake.output.contexts, strict=True)),
        summary=snakemake.output.summary,
    )
