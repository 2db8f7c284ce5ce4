from pathlib import Path

from handcraft.build.jobs import job
from handcraft.people.page import build_labelling_page

with job(snakemake):
    build_labelling_page(
        *(Path(snakemake.input[name]) for name in ("test", "train", "sample", "tokenizer", "scores")),
        group=snakemake.params.group,
        title=snakemake.params.title,
        corpus=snakemake.params.corpus,
        confidence=snakemake.params.confidence,
        seed=snakemake.params.seed,
        output=Path(snakemake.output.page),
    )
