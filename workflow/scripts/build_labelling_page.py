from handcraft.build.jobs import job
from handcraft.config.corpus import Corpus
from handcraft.people.page import About, Inputs, build_labelling_page

with job(snakemake) as (inputs, outputs, params):
    build_labelling_page(
        Inputs(inputs.test, inputs.train, inputs.sample, inputs.tokenizer, inputs.scores),
        About(params.group, params.title, params.send_to),
        corpus=Corpus(**params.corpus),
        confidence=params.confidence,
        seed=params.seed,
        output=outputs.page,
    )
