from handcraft.analysis.planted_proposals import evaluate_planted_proposals
from handcraft.build.jobs import job

with job(snakemake) as (inputs, outputs, params):
    evaluate_planted_proposals(dict(zip(params.groups, inputs.files, strict=True)), output=outputs.table)
