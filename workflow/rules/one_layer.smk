# Needs: results/tokens/*, results/contexts/{variant}/*.safetensors.
# Makes: results/one_layer/: one-layer language models and what the first of them says of the groups' contexts;
#        results/next_token/: their losses on all tokens, and those of n-gram models;
#        results/evaluation/one_layer/: what the first of them is made of, and what its parts are worth.

one_layer = cfg.predictors.one_layer.runs() if cfg.predictors.one_layer else {}
# What is found in training stories is measured in test stories.
examined = [SPLITS[0], SPLITS[2]]
# Models of every next token, besides n-gram models.
next_token_models = (["linear"] if cfg.predictors.full_linear else []) + list(one_layer)


wildcard_constraints:
    run="|".join(one_layer) or "none",


rule train_one_layer:
    """Train a language model of one transformer block on all windows of the training stories."""
    input:
        tokens=expand("results/tokens/{split}.npy", split=SPLITS[:2]),
        starts=expand("results/tokens/{split}_starts.npy", split=SPLITS[:2]),
    output:
        model="results/one_layer/{run}.safetensors",
        training="results/one_layer/{run}.training.csv",
    log:
        "logs/train_one_layer/{run}.log",
    benchmark:
        "benchmarks/out/train_one_layer/{run}.tsv"
    # As the longest of many builds, it starts first.
    priority: 10
    threads: cfg.threads
    resources:
        mem_mb=hooks.memory("llama"),
        runtime=hooks.runtime(240),
        gpu=gpus,
    params:
        code=script_hash("train_one_layer.py"),
        threads=cfg.threads,
        settings=lambda w: one_layer[w.run][0].model_dump(),
        length=cfg.contexts.length,
        vocabulary=cfg.tokenizer.vocabulary,
        seed=lambda w: cfg.seed + one_layer[w.run][1],
        device=cfg.device,
    script:
        "../scripts/train_one_layer.py"


rule predict_one_layer:
    """Ask the one-layer model the question of one variant: what it gives to the candidates."""
    input:
        model="results/one_layer/main.safetensors",
        tokenizer="results/tokenizer/tokenizer.json",
        test="results/contexts/{variant}/test.safetensors",
        validation="results/contexts/{variant}/validation.safetensors",
    output:
        predictions="results/predictions/{variant}/one_layer.parquet",
        answers="results/one_layer/{variant}/answers.safetensors",
    log:
        "logs/predict_one_layer/{variant}.log",
    benchmark:
        "benchmarks/out/predict_one_layer/{variant}.tsv"
    resources:
        mem_mb=hooks.memory("llama"),
        runtime=hooks.runtime(20),
    params:
        code=script_hash("predict_one_layer.py"),
        title=hooks.TITLES["one_layer"],
    script:
        "../scripts/predict_one_layer.py"


rule predict_next_ngram:
    """Count n-grams of all tokens, and keep their losses on the tokens of test and validation stories."""
    input:
        tokens=expand("results/tokens/{split}.npy", split=SPLITS),
        starts=expand("results/tokens/{split}_starts.npy", split=SPLITS),
    output:
        losses="results/next_token/ngram.safetensors",
    log:
        "logs/predict_next_ngram.log",
    benchmark:
        "benchmarks/out/predict_next_ngram.tsv"
    resources:
        mem_mb=hooks.memory("ngram"),
        runtime=hooks.runtime(60),
    params:
        code=script_hash("predict_next_ngram.py"),
        length=cfg.contexts.length,
        vocabulary=cfg.tokenizer.vocabulary,
    script:
        "../scripts/predict_next_ngram.py"


rule train_full_linear:
    """Train the linear model of all tokens, and keep its losses on the tokens of test and validation stories."""
    input:
        tokens=expand("results/tokens/{split}.npy", split=SPLITS),
        starts=expand("results/tokens/{split}_starts.npy", split=SPLITS),
    output:
        model="results/full_linear/model.safetensors",
        path="results/full_linear/path.csv",
        losses="results/next_token/linear.safetensors",
    log:
        "logs/train_full_linear.log",
    benchmark:
        "benchmarks/out/train_full_linear.tsv"
    threads: cfg.threads
    resources:
        mem_mb=hooks.memory("full_linear"),
        runtime=hooks.runtime(120),
        gpu=gpus,
    params:
        code=script_hash("train_full_linear.py"),
        threads=cfg.threads,
        settings=(
            cfg.predictors.full_linear.model_dump()
            if cfg.predictors.full_linear
            else {}
        ),
        length=cfg.contexts.length,
        vocabulary=cfg.tokenizer.vocabulary,
        seed=cfg.seed,
        device=cfg.device,
    script:
        "../scripts/train_full_linear.py"


rule predict_next_one_layer:
    """Keep the losses of a one-layer model on the tokens of test and validation stories."""
    input:
        model="results/one_layer/{run}.safetensors",
        tokens=expand("results/tokens/{split}.npy", split=SPLITS[1:]),
        starts=expand("results/tokens/{split}_starts.npy", split=SPLITS[1:]),
    output:
        losses="results/next_token/one_layer/{run}.safetensors",
    log:
        "logs/predict_next_one_layer/{run}.log",
    benchmark:
        "benchmarks/out/predict_next_one_layer/{run}.tsv"
    resources:
        mem_mb=hooks.memory("llama"),
        runtime=hooks.runtime(60),
    params:
        code=script_hash("predict_next_one_layer.py"),
    script:
        "../scripts/predict_next_one_layer.py"


rule find_skip_trigrams:
    """Find what the heads of the one-layer model do in words, and ablate it."""
    input:
        model="results/one_layer/main.safetensors",
        tokenizer="results/tokenizer/tokenizer.json",
        tokens=expand("results/tokens/{split}.npy", split=SPLITS),
        starts=expand("results/tokens/{split}_starts.npy", split=SPLITS),
    output:
        table="results/evaluation/one_layer/skip_trigrams.csv",
        reads="results/one_layer/reads.safetensors",
    log:
        "logs/find_skip_trigrams.log",
    benchmark:
        "benchmarks/out/find_skip_trigrams.tsv"
    resources:
        mem_mb=hooks.memory("llama"),
        runtime=hooks.runtime(60),
    params:
        code=script_hash("find_skip_trigrams.py"),
        settings=cfg.evaluation.model_dump(exclude={"margin"}),
        seed=cfg.seed,
    script:
        "../scripts/find_skip_trigrams.py"


rule evaluate_tail:
    """Measure the one-layer model with only so many of its parts kept, and what single parts are worth."""
    input:
        model="results/one_layer/main.safetensors",
        tokenizer="results/tokenizer/tokenizer.json",
        reads="results/one_layer/reads.safetensors",
        tokens=expand("results/tokens/{split}.npy", split=examined),
        starts=expand("results/tokens/{split}_starts.npy", split=examined),
    output:
        tail="results/evaluation/one_layer/tail.csv",
        law="results/evaluation/one_layer/law.csv",
        parts="results/evaluation/one_layer/parts.csv",
    log:
        "logs/evaluate_tail.log",
    benchmark:
        "benchmarks/out/evaluate_tail.tsv"
    resources:
        mem_mb=hooks.memory("llama"),
        runtime=hooks.runtime(60),
    params:
        code=script_hash("evaluate_tail.py"),
        settings=cfg.evaluation.model_dump(exclude={"margin"}),
        seed=cfg.seed,
    script:
        "../scripts/evaluate_tail.py"


rule evaluate_suffix_rules:
    """Find rules of last tokens that say what the one-layer model puts first, and how often so many of them do."""
    input:
        model="results/one_layer/main.safetensors",
        tokenizer="results/tokenizer/tokenizer.json",
        tokens=expand("results/tokens/{split}.npy", split=examined),
        starts=expand("results/tokens/{split}_starts.npy", split=examined),
    output:
        curve="results/evaluation/one_layer/suffix_curve.csv",
        rules="results/evaluation/one_layer/suffix_rules.csv",
    log:
        "logs/evaluate_suffix_rules.log",
    benchmark:
        "benchmarks/out/evaluate_suffix_rules.tsv"
    resources:
        mem_mb=hooks.memory("llama"),
        runtime=hooks.runtime(60),
    params:
        code=script_hash("evaluate_suffix_rules.py"),
        settings=cfg.evaluation.model_dump(exclude={"margin"}),
        seed=cfg.seed,
    script:
        "../scripts/evaluate_suffix_rules.py"


rule open_decision:
    """Open one prediction of the one-layer model: what each part adds to its word."""
    input:
        model="results/one_layer/main.safetensors",
        tokenizer="results/tokenizer/tokenizer.json",
        validation=(
            []
            if cfg.figures.sentence or not cfg.report.excerpts
            else [
                "results/tokens/validation.npy",
                "results/tokens/validation_starts.npy",
            ]
        ),
    output:
        decision="results/evaluation/one_layer/decision.json",
    log:
        "logs/open_decision.log",
    benchmark:
        "benchmarks/out/open_decision.tsv"
    resources:
        mem_mb=hooks.memory("llama"),
        runtime=hooks.runtime(20),
    params:
        code=script_hash("open_decision.py"),
        sentence=cfg.figures.sentence,
    script:
        "../scripts/open_decision.py"
