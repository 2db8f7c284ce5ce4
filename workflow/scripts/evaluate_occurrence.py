from handcraft.build.jobs import job
from handcraft.evaluation.occurrence import evaluate_occurrence

with job(snakemake):
    evaluate_occurrence(
        list(
            zip(
                snakemake.params.groups,
                snakemake.input.word,
                snakemake.input.token,
                snakemake.input.summary,
                strict=True,
            )
        ),
        snakemake.output.table,
    )
