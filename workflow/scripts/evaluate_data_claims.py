from handcraft.evaluation.data_claims import evaluate_data_claims
from handcraft.jobs import job

with job(snakemake):
    evaluate_data_claims(
        snakemake.input.train,
        snakemake.input.tokenizer,
        snakemake.params.tokens,
        snakemake.output.claims,
    )
