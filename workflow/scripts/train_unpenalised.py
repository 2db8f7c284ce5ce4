from handcraft.analysis.unpenalised import train_unpenalised
from handcraft.build.jobs import job
from handcraft.device import Machine

with job(snakemake) as (inputs, outputs, params):
    train_unpenalised(inputs.train, machine=Machine(params.device, params.threads), output=outputs.weights)
