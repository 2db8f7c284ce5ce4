from handcraft.human.people import evaluate_people
from handcraft.jobs import job

with job(snakemake):
    evaluate_people(
        snakemake.input.test,
        snakemake.input.train,
        snakemake.input.sample,
        snakemake.input.tokenizer,
        snakemake.input.predictions,
        snakemake.input.labels,
        snakemake.params.confidence,
        **dict(snakemake.output.items()),
    )
