from handcraft.build.jobs import job
from handcraft.people.evaluate import Inputs, evaluate_people

with job(snakemake) as (inputs, outputs, params):
    evaluate_people(
        Inputs(
            inputs.test,
            inputs.train,
            inputs.sample,
            inputs.predictions,
            labels=inputs.labels,
            tokenizer=next(iter(inputs.tokenizer), None),
        ),
        confidence=params.confidence,
        **vars(outputs),
    )
