from handcraft.build.jobs import job
from handcraft.evaluation.causal_lms import evaluate_causal_lms

with job(snakemake):
    evaluate_causal_lms(
        snakemake.params.groups,
        snakemake.input.test,
        snakemake.input.validation,
        snakemake.input.answers,
        **snakemake.params.settings,
        seed=snakemake.params.seed,
        table=snakemake.output.table,
        calibration=snakemake.output.calibration,
        bins=snakemake.output.bins,
        asked=snakemake.output.asked,
    )
