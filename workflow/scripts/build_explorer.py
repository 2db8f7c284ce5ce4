from handcraft.build.jobs import job
from handcraft.explorer.others import by_group
from handcraft.explorer.page import About, GroupFiles, build_explorer

with job(snakemake) as (inputs, outputs, params):
    resampling = inputs.resampling or [None] * len(params.groups)
    pairs = inputs.pairs or [None] * len(params.groups)
    others = by_group(inputs.others, len(params.groups))
    own = (inputs.weights, inputs.support, inputs.influence, inputs.validation, resampling, pairs, others)
    files = map(GroupFiles, *own)
    build_explorer(
        dict(zip(params.groups, files, strict=True)),
        inputs.tokenizer,
        titles=params.titles,
        about=About(params.title, params.corpus, params.excerpts, params.sentence),
        output=outputs.page,
    )
