from handcraft.config import SPLITS
from handcraft.corpus import retrieve_corpus
from handcraft.jobs import job

with job(snakemake):
    retrieve_corpus(
        snakemake.params.source,
        kind=snakemake.params.kind,
        fractions=snakemake.params.fractions,
        seed=snakemake.params.seed,
        outputs={split: snakemake.output[split] for split in SPLITS},
        summary=snakemake.output.summary,
    )
