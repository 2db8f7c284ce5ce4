# The table of contents: the config, the files with the rules, and the targets.
#   corpus -> tokenizer -> contexts -> predictors -> evaluation -> figures, explorer -> report

import re

from snakemake.utils import min_version

from handcraft.build import hooks
from handcraft.config.files import check_file, parse_config
from handcraft.config.base import SPLITS

min_version("9.0")
root = hooks.checkout(workflow)


configfile: check_file(f"{root}/config.yaml")


# The same environment as a container image, for `--software-deployment-method apptainer` (docs/cluster.md).
container: f"{root}/container/handcraft.sif"


cfg = parse_config(config, hooks.config_files(workflow))
variants = {v.name: v for v in cfg.variants()}
planted_groups = hooks.planted_groups(cfg)
lms = list(cfg.predictors.causal_lms)
tiles = {name: token for token, name in cfg.figures.tile_files().items()}
gpus = hooks.gpus(cfg)
script_hash = hooks.script_hash(root)
hooks.prepare_jobs(workflow, root)


wildcard_constraints:
    split="|".join(SPLITS),
    variant="|".join(map(re.escape, variants)),
    group="|".join(cfg.groups),
    token="|".join(map(re.escape, tiles)) or "none",
    lm="|".join(lms) or "none",


include: "workflow/rules/corpus.smk"
include: "workflow/rules/tokenizer.smk"
include: "workflow/rules/contexts.smk"
include: "workflow/rules/predictors.smk"
include: "workflow/rules/causal_lms.smk"
include: "workflow/rules/one_layer.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/analysis.smk"
include: "workflow/rules/human.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/explorer.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        html="results/report/index.html",
        pdf="results/report/index.pdf",
