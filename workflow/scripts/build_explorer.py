from pathlib import Path

from handcraft.build.jobs import job
from handcraft.explorer.page import GroupFiles, build_explorer

with job(snakemake):
    files = [
        [Path(p) for p in snakemake.input[name]] for name in ("weights", "support", "influence", "validation")
    ]
    resampling = [Path(p) for p in snakemake.input.resampling] or [None] * len(snakemake.params.groups)
    build_explorer(
        dict(zip(snakemake.params.groups, map(GroupFiles, *files, resampling), strict=True)),
        Path(snakemake.input.tokenizer),
        titles=snakemake.params.titles,
        title=snakemake.params.title,
        corpus=snakemake.params.corpus,
        excerpts=snakemake.params.excerpts,
        output=Path(snakemake.output.page),
    )
