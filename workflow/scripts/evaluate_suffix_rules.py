from handcraft.analysis.one_layer.suffix_rules import evaluate_suffix_rules
from handcraft.build.jobs import job
from handcraft.config.base import SPLITS
from handcraft.config.model import Evaluation
from handcraft.tokenizer.encode import TokenFiles

with job(snakemake) as (inputs, outputs, params):
    evaluate_suffix_rules(
        inputs.model,
        inputs.tokenizer,
        dict(zip((SPLITS[0], SPLITS[2]), map(TokenFiles, inputs.tokens, inputs.starts), strict=True)),
        settings=Evaluation(**params.settings),
        seed=params.seed,
        outputs=(outputs.curve, outputs.rules),
    )
