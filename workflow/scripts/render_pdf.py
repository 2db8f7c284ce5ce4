from handcraft.build.jobs import job
from handcraft.report.render import render_pdf
from handcraft.report.renderer import Renderer

with job(snakemake) as (inputs, outputs, params):
    render_pdf(
        inputs.source,
        build_record=inputs.metadata,
        output=outputs.pdf,
        renderer=Renderer(**params.renderer),
    )
