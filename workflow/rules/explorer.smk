# Needs: results/linear/*, results/evaluation/{group}/influence.parquet, the validation contexts, the tokenizer.
# Makes: results/explorer/index.html, the page that shows the weights.


rule build_explorer:
    """Build the page that shows the weights of all groups: one file that needs no network."""
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
        pairs=(
            expand("results/pairs/{group}/pairs.csv", group=cfg.groups)
            if cfg.pairs
            else []
        ),
        others=[
            path for group in cfg.groups for path in hooks.other_answers(group, cfg)
        ],
        tokenizer="results/tokenizer/tokenizer.json",
    output:
        page="results/explorer/index.html",
    log:
        "logs/build_explorer.log",
    benchmark:
        "benchmarks/out/build_explorer.tsv"
    localrule: True
    resources:
        runtime=hooks.runtime(15),
    params:
        # By functions, since Snakemake takes a `{name}` in plain text for a wildcard.
        code=script_hash("build_explorer.py"),
        groups=list(cfg.groups),
        titles=lambda w: [cfg.variant(group).title for group in cfg.groups],
        title=lambda w: cfg.report.title,
        corpus=lambda w: cfg.corpus.title,
        excerpts=cfg.report.excerpts,
        sentence=lambda w: cfg.figures.sentence,
    script:
        "../scripts/build_explorer.py"
