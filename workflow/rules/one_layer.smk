# Needs: results/tokens/*, results/contexts/{variant}/*.safetensors.
# Makes: results/one_layer/: one-layer language models and what the first of them says of the groups' contexts;
#        results/next_token/: their losses on all tokens, and those of n-gram models.

one_layer = cfg.predictors.one_layer.runs() if cfg.predictors.one_layer else {}


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
