from pathlib import Path

from handcraft.build.jobs import job
from handcraft.config.predictors import CausalLM
from handcraft.device import Machine
from handcraft.predictors.causal_lm.predict import Given, Work, predict_causal_lm
from handcraft.tokenizer.encode import TokenFiles

with job(snakemake) as (inputs, outputs, params):
    variant, lm = snakemake.wildcards.variant, snakemake.wildcards.lm
    predict_causal_lm(
        Given(
            inputs.test,
            inputs.tokenizer,
            # Absent where the further questions are not asked.
            validation=next(iter(inputs.validation), None),
            stories=next(map(TokenFiles, inputs.tokens, inputs.starts), None),
            retrieved=next(iter(inputs.retrieved), None),
            match=params.match,
            seed=params.seed,
        ),
        settings=CausalLM(model=params.model, **params.settings),
        name=lm,
        machine=Machine(params.device, params.threads),
        work=Work(Path("work/causal_lm", variant, lm), params.code),
        predictions=outputs.predictions,
        answers=outputs.answers,
    )
