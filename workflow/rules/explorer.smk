# Needs: results/linear/*, the validation contexts, results/tokenizer/tokenizer.json.
# Makes: results/evaluation/{group}/influence.parquet and evidence.csv,
#        results/evaluation/published_weights.csv, results/explorer/index.html.


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
        mem_mb=hooks.memory("light"),
        runtime=hooks.runtime(15),
    params:
        code=script_hash("evaluate_influence.py"),
    script:
        "../scripts/evaluate_influence.py"


rule build_explorer:
    """The page in which to look at the weights of all groups: one file, which works without network."""
    input:
        template=hooks.explorer_sources(),
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
        mem_mb=hooks.memory("light"),
        runtime=hooks.runtime(15),
    params:
        code=script_hash("build_explorer.py"),
        groups=list(cfg.groups),
        titles=[cfg.variant(group).title for group in cfg.groups],
        title=cfg.report.title,
        corpus=cfg.corpus.title,
        excerpts=cfg.report.excerpts,
    script:
        "../scripts/build_explorer.py"


rule evaluate_evidence:
    """Where in the window the evidence lies: each position's share of the contribution, with intervals by story."""
    input:
        weights="results/linear/{group}/weights.safetensors",
        validation="results/contexts/{group}/validation.safetensors",
    output:
        table="results/evaluation/{group}/evidence.csv",
    log:
        "logs/evaluate_evidence/{group}.log",
    benchmark:
        "benchmarks/out/evaluate_evidence/{group}.tsv"
    threads: 1
    resources:
        mem_mb=hooks.memory("light"),
        runtime=hooks.runtime(5),
    params:
        code=script_hash("evaluate_evidence.py"),
        bootstrap=cfg.evaluation.bootstrap,
        confidence=cfg.evaluation.confidence,
        seed=cfg.seed,
    script:
        "../scripts/evaluate_evidence.py"


rule evaluate_published:
    """The weights that the post published beside ours: signs and correlation."""
    input:
        weights=f"results/linear/{cfg.figures.tiles_group}/weights.safetensors",
        support=f"results/linear/{cfg.figures.tiles_group}/support.safetensors",
        tokenizer="results/tokenizer/tokenizer.json",
    output:
        table="results/evaluation/published_weights.csv",
    log:
        "logs/evaluate_published.log",
    benchmark:
        "benchmarks/out/evaluate_published.tsv"
    threads: 1
    resources:
        mem_mb=hooks.memory("light"),
        runtime=hooks.runtime(5),
    params:
        code=script_hash("evaluate_published.py"),
        planted=cfg.corpus.source == "planted",
    script:
        "../scripts/evaluate_published.py"
