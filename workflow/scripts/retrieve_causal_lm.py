from handcraft.build.jobs import job
from handcraft.predictors.causal_lm.retrieve import retrieve_causal_lm

with job(snakemake):
    retrieve_causal_lm(
        snakemake.params.model,
        name=snakemake.wildcards.lm,
        **snakemake.params.settings,
        device=snakemake.params.device,
        output=snakemake.output.record,
    )
