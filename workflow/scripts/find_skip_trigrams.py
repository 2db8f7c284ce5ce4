from handcraft.analysis.one_layer.skip_trigrams import find_skip_trigrams
from handcraft.build.jobs import job
from handcraft.config.base import SPLITS
from handcraft.config.model import Evaluation
from handcraft.tokenizer.encode import TokenFiles

with job(snakemake) as (inputs, outputs, params):
    find_skip_trigrams(
        inputs.model,
        inputs.tokenizer,
        dict(zip(SPLITS, map(TokenFiles, inputs.tokens, inputs.starts), strict=True)),
        settings=Evaluation(**params.settings),
        seed=params.seed,
        outputs=(outputs.table, outputs.reads),
    )
