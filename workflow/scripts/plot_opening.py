from pathlib import Path

from handcraft.build.jobs import job
from handcraft.figures.opening import plot_opening

with job(snakemake) as (inputs, outputs, params):
    plot_opening(
        inputs.weights,
        inputs.tokenizer,
        sentence=params.sentence,
        validation=next(map(Path, inputs.validation), None),
        output=outputs.figure,
    )
