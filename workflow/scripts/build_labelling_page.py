from handcraft.build.jobs import job
from handcraft.config.model import Corpus
from handcraft.people.page import Inputs, build_labelling_page

with job(snakemake) as (inputs, outputs, params):
    build_labelling_page(
        Inputs(inputs.test, inputs.train, inputs.sample, inputs.tokenizer, inputs.scores),
        group=params.group,
        title=params.title,
        corpus=Corpus(**params.corpus),
        confidence=params.confidence,
        seed=params.seed,
        output=outputs.page,
    )
