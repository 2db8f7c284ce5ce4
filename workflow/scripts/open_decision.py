from handcraft.analysis.one_layer.decision import open_decision
from handcraft.build.jobs import job
from handcraft.tokenizer.encode import TokenFiles

with job(snakemake) as (inputs, outputs, params):
    open_decision(
        inputs.model,
        inputs.tokenizer,
        sentence=params.sentence,
        validation=TokenFiles(*inputs.validation) if inputs.validation else None,
        output=outputs.decision,
    )
