from pathlib import Path

from handcraft.build.jobs import job
from handcraft.predictors.causal_lm.predict import Given, Settings, predict_causal_lm

with job(snakemake):
    inputs, params, lm = snakemake.input, snakemake.params, snakemake.wildcards.lm
    # Absent where the further questions are not asked.
    validation, tokens, starts = (
        next(iter(inputs[name]), None) for name in ("validation", "tokens", "starts")
    )
    predict_causal_lm(
        params.model,
        Given(inputs.test, validation, inputs.tokenizer, tokens, starts),
        Settings(**params.settings, extras=params.extras, match=params.match),
        name=lm,
        device=params.device,
        threads=params.threads,
        seed=params.seed,
        code=params.code,
        work=Path("work/causal_lm", snakemake.wildcards.variant, lm),
        retrieved=next(iter(inputs.retrieved), None),
        predictions=snakemake.output.predictions,
        answers=snakemake.output.answers,
    )
