from handcraft.analysis.evidence import evaluate_evidence
from handcraft.analysis.influence import evaluate_influence
from handcraft.build.jobs import job
from handcraft.config.model import Evaluation

with job(snakemake) as (inputs, outputs, params):
    evaluate_influence(inputs.weights, inputs.support, held_out=inputs.validation, output=outputs.influence)
    evaluate_evidence(
        inputs.weights,
        inputs.validation,
        settings=Evaluation(**params.settings),
        seed=params.seed,
        output=outputs.evidence,
    )
