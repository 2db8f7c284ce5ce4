from handcraft.build.jobs import job
from handcraft.config.base import SPLITS
from handcraft.config.corpus import Corpus
from handcraft.corpus import retrieve_corpus

with job(snakemake) as (inputs, outputs, params):
    retrieve_corpus(
        Corpus(**params.settings),
        seed=params.seed,
        outputs={split: vars(outputs)[split] for split in SPLITS},
        summary=outputs.summary,
    )
