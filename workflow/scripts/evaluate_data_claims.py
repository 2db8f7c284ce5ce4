from handcraft.analysis.data_claims import evaluate_data_claims
from handcraft.build.jobs import job

with job(snakemake) as (inputs, outputs, params):
    evaluate_data_claims(inputs.train, inputs.tokenizer, tokens=params.tokens, output=outputs.claims)
