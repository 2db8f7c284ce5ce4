from handcraft.build.jobs import job
from handcraft.report.render import render_html
from handcraft.report.renderer import Renderer

with job(snakemake) as (inputs, outputs, params):
    render_html(
        inputs.source,
        build_record=inputs.metadata,
        explorer=inputs.explorer,
        output=outputs.page,
        renderer=Renderer(**params.renderer),
    )
