from handcraft.build.jobs import job
from handcraft.config.model import Evaluation
from handcraft.evaluation.next_token import Inputs, evaluate_next_token
from handcraft.tokenizer.encode import TokenFiles

with job(snakemake) as (inputs, outputs, params):
    evaluate_next_token(
        Inputs(
            inputs.ngram,
            dict(zip(params.models, inputs.models, strict=True)),
            TokenFiles(inputs.tokens, inputs.starts),
            inputs.tokenizer,
        ),
        length=params.length,
        settings=Evaluation(**params.settings),
        seed=params.seed,
        output=outputs.table,
    )
