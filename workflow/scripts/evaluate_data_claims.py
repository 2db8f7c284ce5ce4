from handcraft.analysis.data_claims import evaluate_data_claims
from handcraft.build.jobs import job

with job(snakemake):
    evaluate_data_claims(
        snakemake.input.train,
        snakemake.input.tokenizer,
        snakemake.params.tokens,
        snakemake.output.claims,
    )
