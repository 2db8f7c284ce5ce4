from handcraft.analysis.stability import evaluate_stability
from handcraft.build.jobs import job
from handcraft.config.model import Evaluation

with job(snakemake) as (inputs, outputs, params):
    evaluate_stability(
        inputs.weights,
        inputs.support,
        inputs.resampling,
        inputs.validation,
        settings=Evaluation(**params.settings),
        seed=params.seed,
        output=outputs.stability,
    )
