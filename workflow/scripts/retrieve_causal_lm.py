from handcraft.build.jobs import job
from handcraft.config.predictors import CausalLM
from handcraft.predictors.causal_lm.retrieve import retrieve_causal_lm

with job(snakemake) as (inputs, outputs, params):
    retrieve_causal_lm(
        CausalLM(model=params.model, **params.settings),
        name=snakemake.wildcards.lm,
        device=params.device,
        output=outputs.record,
    )
