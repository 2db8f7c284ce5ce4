from handcraft.build.jobs import job
from handcraft.config.model import SPLITS
from handcraft.corpus import retrieve_corpus

with job(snakemake):
    retrieve_corpus(
        snakemake.params.source,
        kind=snakemake.params.kind,
        fractions=snakemake.params.fractions,
        seed=snakemake.params.seed,
        outputs={split: snakemake.output[split] for split in SPLITS},
        summary=snakemake.output.summary,
    )
