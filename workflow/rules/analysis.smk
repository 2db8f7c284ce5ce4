# Needs: results/contexts/*, results/linear/*, results/tokenizer/tokenizer.json; on the planted corpus, its rules.
# Makes: analyses of the linear models: results/evaluation/{group}/influence.parquet and evidence.csv,
#        results/evaluation/{published_weights,planted,planted_rules,planted_proposals}.csv, data_claims.json,
#        results/linear/{group}/unpenalised.safetensors, results/planted/{group}.safetensors;
#        results/rules/{group}/: rules that a program proposes, and the analysis of a person's.


rule train_best_linear:
    """Approximate the best possible linear model on the planted corpus, with a fit on many times more contexts."""
    input:
        tokenizer="results/tokenizer/tokenizer.json",
        train=expand("results/contexts/{group}/train.safetensors", group=planted_groups),
    output:
        weights=expand("results/planted/{group}.safetensors", group=planted_groups),
    log:
        "logs/train_best_linear.log",
    benchmark:
        "benchmarks/out/train_best_linear.tsv"
    priority: 5
    threads: cfg.threads
    resources:
        # The contexts of all fresh stories are in memory at once.
        mem_mb=hooks.memory("linear", times=cfg.corpus.planted.best_linear.factor),
        runtime=hooks.runtime(60),
        gpu=gpus,
    params:
        code=script_hash("train_best_linear.py"),
        threads=cfg.threads,
        groups=planted_groups,
        settings=cfg.corpus.planted.best_linear.model_dump(),
        seed=cfg.seed,
        device=cfg.device,
    script:
        "../scripts/train_best_linear.py"


rule train_unpenalised:
    """Fit the tiles' group without a penalty for a fixed number of steps, for a figure only."""
    input:
        train="results/contexts/{group}/train.safetensors",
    output:
        weights="results/linear/{group}/unpenalised.safetensors",
    log:
        "logs/train_unpenalised/{group}.log",
    benchmark:
        "benchmarks/out/train_unpenalised/{group}.tsv"
    threads: cfg.threads
    resources:
        mem_mb=hooks.memory("linear"),
        runtime=hooks.runtime(30),
        gpu=gpus,
    params:
        code=script_hash("train_unpenalised.py"),
        threads=cfg.threads,
        device=cfg.device,
    script:
        "../scripts/train_unpenalised.py"


rule evaluate_influence:
    """Influence of every input on validation contexts, and what is lost without each position."""
    input:
        weights="results/linear/{group}/weights.safetensors",
        support="results/linear/{group}/support.safetensors",
        validation="results/contexts/{group}/validation.safetensors",
    output:
        influence="results/evaluation/{group}/influence.parquet",
        evidence="results/evaluation/{group}/evidence.csv",
    log:
        "logs/evaluate_influence/{group}.log",
    benchmark:
        "benchmarks/out/evaluate_influence/{group}.tsv"
    localrule: True
    resources:
        runtime=hooks.runtime(15),
    params:
        code=script_hash("evaluate_influence.py"),
        settings=cfg.evaluation.model_dump(exclude={"margin"}),
        seed=cfg.seed,
    script:
        "../scripts/evaluate_influence.py"


rule evaluate_stability:
    """The loss on validation contexts without the weights that fits to resampled stories undo."""
    input:
        weights="results/linear/{group}/weights.safetensors",
        support="results/linear/{group}/support.safetensors",
        resampling="results/linear/{group}/resampling.safetensors",
        validation="results/contexts/{group}/validation.safetensors",
    output:
        stability="results/evaluation/{group}/stability.csv",
    log:
        "logs/evaluate_stability/{group}.log",
    benchmark:
        "benchmarks/out/evaluate_stability/{group}.tsv"
    localrule: True
    params:
        code=script_hash("evaluate_stability.py"),
        settings=cfg.evaluation.model_dump(exclude={"margin"}),
        seed=cfg.seed,
    script:
        "../scripts/evaluate_stability.py"


rule find_first_rules:
    """Fit the linear model with so strong a penalty that a handful of weights is left: the first rules."""
    input:
        train="results/contexts/{group}/train.safetensors",
        path="results/linear/{group}/path.csv",
        tokenizer="results/tokenizer/tokenizer.json",
    output:
        rules="results/evaluation/{group}/first_rules.csv",
    log:
        "logs/find_first_rules/{group}.log",
    benchmark:
        "benchmarks/out/find_first_rules/{group}.tsv"
    threads: cfg.threads
    resources:
        mem_mb=hooks.memory("linear"),
        runtime=hooks.runtime(20),
        gpu=gpus,
    params:
        code=script_hash("find_first_rules.py"),
        threads=cfg.threads,
        settings=cfg.predictors.linear.model_dump(include={"gap", "max_iterations"}),
        device=cfg.device,
    script:
        "../scripts/find_first_rules.py"


rule find_pairs:
    """Find pairs of tokens that say together what neither says alone, and confirm them on validation contexts."""
    input:
        train="results/contexts/{group}/train.safetensors",
        validation="results/contexts/{group}/validation.safetensors",
        test="results/contexts/{group}/test.safetensors",
        linear="results/linear/{group}/weights.safetensors",
        tokenizer="results/tokenizer/tokenizer.json",
    output:
        table="results/pairs/{group}/pairs.csv",
        curve="results/pairs/{group}/curve.safetensors",
    log:
        "logs/find_pairs/{group}.log",
    benchmark:
        "benchmarks/out/find_pairs/{group}.tsv"
    threads: cfg.threads
    resources:
        mem_mb=hooks.memory("linear"),
        runtime=hooks.runtime(60),
    params:
        code=script_hash("find_pairs.py"),
        threads=cfg.threads,
        settings=cfg.pairs and cfg.pairs.model_dump(),
        seed=cfg.seed,
        device="cpu",
    script:
        "../scripts/find_pairs.py"


rule evaluate_pairs:
    """What the pairs bring on test contexts, and how much of the non-linear predictor's advantage that is."""
    input:
        curve="results/pairs/{group}/curve.safetensors",
        test="results/contexts/{group}/test.safetensors",
        predictions=lambda w: hooks.pair_references(w.group, cfg),
    output:
        table="results/evaluation/{group}/pairs_curve.csv",
    log:
        "logs/evaluate_pairs/{group}.log",
    benchmark:
        "benchmarks/out/evaluate_pairs/{group}.tsv"
    localrule: True
    params:
        code=script_hash("evaluate_pairs.py"),
        settings=cfg.evaluation.model_dump(exclude={"margin"}),
        seed=cfg.seed,
    script:
        "../scripts/evaluate_pairs.py"


rule find_rules:
    """Propose rules one by one, confirm each on validation contexts, and measure what so many of them reach."""
    input:
        train="results/contexts/{group}/train.safetensors",
        validation="results/contexts/{group}/validation.safetensors",
        test="results/contexts/{group}/test.safetensors",
        tokenizer="results/tokenizer/tokenizer.json",
        path="results/linear/{group}/path.csv",
    output:
        table="results/rules/{group}/proposals.csv",
        file="results/rules/{group}/proposals.yaml",
        curve="results/rules/{group}/curve.safetensors",
    log:
        "logs/find_rules/{group}.log",
    benchmark:
        "benchmarks/out/find_rules/{group}.tsv"
    threads: cfg.threads
    resources:
        mem_mb=hooks.memory("linear"),
        runtime=hooks.runtime(60),
    params:
        code=script_hash("find_rules.py"),
        threads=cfg.threads,
        settings=cfg.proposals and cfg.proposals.model_dump(),
        linear=cfg.predictors.linear.model_dump(include={"gap", "max_iterations"}),
        seed=cfg.seed,
        device="cpu",
    script:
        "../scripts/find_rules.py"


rule evaluate_rules:
    """Analyse a person's rules: coverage, overlaps, conflicts, precision, and what is lost without each."""
    input:
        rules=lambda w: ruled[w.group],
        tokenizer="results/tokenizer/tokenizer.json",
        train="results/contexts/{group}/train.safetensors",
        validation="results/contexts/{group}/validation.safetensors",
        test="results/contexts/{group}/test.safetensors",
        model="results/rules/{group}/refitted.safetensors",
    output:
        table="results/rules/{group}/rules.csv",
        curve="results/rules/{group}/file_curve.safetensors",
    log:
        "logs/evaluate_rules/{group}.log",
    benchmark:
        "benchmarks/out/evaluate_rules/{group}.tsv"
    resources:
        mem_mb=hooks.memory("linear"),
        runtime=hooks.runtime(30),
    params:
        code=script_hash("evaluate_rules.py"),
        confidence=cfg.evaluation.confidence,
    script:
        "../scripts/evaluate_rules.py"


rule evaluate_rules_curve:
    """What so many rules reach on test contexts: proposed, along the L1 path, and from a person's file."""
    input:
        curve="results/rules/{group}/curve.safetensors",
        test="results/contexts/{group}/test.safetensors",
        linear="results/predictions/{group}/linear.parquet",
        files=lambda w: hooks.file_curves(w.group, ruled),
    output:
        table="results/evaluation/{group}/rules_curve.csv",
    log:
        "logs/evaluate_rules_curve/{group}.log",
    benchmark:
        "benchmarks/out/evaluate_rules_curve/{group}.tsv"
    localrule: True
    params:
        code=script_hash("evaluate_rules_curve.py"),
        settings=cfg.evaluation.model_dump(exclude={"margin"}),
        seed=cfg.seed,
    script:
        "../scripts/evaluate_rules_curve.py"


rule evaluate_planted_proposals:
    """On the planted corpus: how many proposed rules are planted, and how many planted rules were proposed."""
    input:
        files=expand("results/rules/{group}/proposals.yaml", group=planted_groups),
    output:
        table="results/evaluation/planted_proposals.csv",
    log:
        "logs/evaluate_planted_proposals.log",
    benchmark:
        "benchmarks/out/evaluate_planted_proposals.tsv"
    localrule: True
    params:
        code=script_hash("evaluate_planted_proposals.py"),
        groups=planted_groups,
    script:
        "../scripts/evaluate_planted_proposals.py"


rule evaluate_data_claims:
    """Count how often the tokens of the tiles precede each candidate."""
    input:
        train=f"results/contexts/{cfg.figures.tiles_group}/train.safetensors",
        tokenizer="results/tokenizer/tokenizer.json",
    output:
        claims="results/evaluation/data_claims.json",
    log:
        "logs/evaluate_data_claims.log",
    benchmark:
        "benchmarks/out/evaluate_data_claims.tsv"
    localrule: True
    params:
        code=script_hash("evaluate_data_claims.py"),
        tokens=lambda w: cfg.figures.tiles,
    script:
        "../scripts/evaluate_data_claims.py"


rule evaluate_planted:
    """On the planted corpus: which rules were recovered, and how far each model is from the best possible."""
    input:
        tokenizer="results/tokenizer/tokenizer.json",
        test=expand("results/contexts/{group}/test.safetensors", group=planted_groups),
        weights=expand(
            "results/linear/{group}/weights.safetensors", group=planted_groups
        ),
        best_linear=expand("results/planted/{group}.safetensors", group=planted_groups),
        pairs=(
            expand("results/pairs/{group}/pairs.csv", group=planted_groups)
            if cfg.pairs
            else []
        ),
    output:
        table="results/evaluation/planted.csv",
        rules="results/evaluation/planted_rules.csv",
    log:
        "logs/evaluate_planted.log",
    benchmark:
        "benchmarks/out/evaluate_planted.tsv"
    localrule: True
    params:
        code=script_hash("evaluate_planted.py"),
        groups=planted_groups,
    script:
        "../scripts/evaluate_planted.py"


rule evaluate_published:
    """Compare our weights with those that the post published: signs and correlation."""
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
    localrule: True
    params:
        code=script_hash("evaluate_published.py"),
        planted=cfg.corpus.source == "planted",
    script:
        "../scripts/evaluate_published.py"
