from handcraft.build.jobs import job
from handcraft.people.evaluate import evaluate_people

with job(snakemake):
    evaluate_people(
        snakemake.input.test,
        snakemake.input.train,
        snakemake.input.sample,
        next(iter(snakemake.input.tokenizer), None),
        snakemake.input.predictions,
        snakemake.input.labels,
        snakemake.params.confidence,
        **dict(snakemake.output.items()),
    )
