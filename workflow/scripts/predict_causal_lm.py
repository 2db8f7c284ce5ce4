from handcraft.jobs import job
from handcraft.predictors.causal_lm import predict_causal_lm

with job(snakemake):
    predict_causal_lm(
        snakemake.params.model,
        contexts=snakemake.input.test,
        tokenizer=snakemake.input.tokenizer,
        name=snakemake.wildcards.lm,
        **snakemake.params.settings,
        device=snakemake.params.device,
        threads=snakemake.params.threads,
        output=snakemake.output.predictions,
    )
