# Needs: results/linear/*, the validation contexts, results/tokenizer/tokenizer.json.
# Makes: results/evaluation/{group}/influence.parquet, results/explorer/index.html.


rule evaluate_influence:
    """What every weight does to held-out answers, beside how large it is and how often it was seen in training."""
    input:
        weights="results/linear/{group}/weights.safetensors",
        support="results/linear/{group}/support.safetensors",
        validation="results/contexts/{group}/validation.safetensors",
    output:
        influence="results/evaluation/{group}/influence.parquet",
    log:
        "logs/evaluate_influence/{group}.log",
    benchmark:
        "benchmarks/out/evaluate_influence/{group}.tsv"
    threads: 1
    resources:
        mem_mb=road.memory("light"),
        runtime=15,
    params:
        code=script_hash("evaluate_influence.py"),
    script:
        "../scripts/evaluate_influence.py"


rule build_explorer:
    """The page in which to look at the weights of all groups: one file, which works without network."""
    input:
        template=road.explorer_sources(),
        weights=expand("results/linear/{group}/weights.safetensors", group=cfg.groups),
        support=expand("results/linear/{group}/support.safetensors", group=cfg.groups),
        influence=expand(
            "results/evaluation/{group}/influence.parquet", group=cfg.groups
        ),
        validation=expand(
            "results/contexts/{group}/validation.safetensors", group=cfg.groups
        ),
        resampling=(
            expand("results/linear/{group}/resampling.safetensors", group=cfg.groups)
            if cfg.predictors.linear.resamples
            else []
        ),
        tokenizer="results/tokenizer/tokenizer.json",
    output:
        page="results/explorer/index.html",
    log:
        "logs/build_explorer.log",
    benchmark:
        "benchmarks/out/build_explorer.tsv"
    threads: 1
    resources:
        mem_mb=road.memory("light"),
        runtime=15,
    params:
        code=script_hash("build_explorer.py"),
        groups=list(cfg.groups),
        titles=[cfg.variant(group).title for group in cfg.groups],
        title=cfg.report.title,
        corpus=cfg.corpus.title,
        excerpts=cfg.report.excerpts,
    script:
        "../scripts/build_explorer.py"
