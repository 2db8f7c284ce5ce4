# Needs: results/contexts/{variant}/*.safetensors, results/tokens/*; for an external model, its directory, or the hub's
#        cache or the network.
# Makes: results/models/{lm}/ (models trained here), results/models/{lm}.json (whether an external model is available),
#        results/predictions/{variant}/{lm}.parquet and results/causal_lms/{variant}/{lm}.safetensors.


rule retrieve_causal_lm:
    """Check early whether an external model is available, so that a missing one is reported before any long job."""
    input:
        files=lambda w: hooks.local_model_files(cfg.predictors.causal_lms[w.lm]),
    output:
        record="results/models/{lm}.json",
    log:
        "logs/retrieve_causal_lm/{lm}.log",
    benchmark:
        "benchmarks/out/retrieve_causal_lm/{lm}.tsv"
    priority: 100
    resources:
        mem_mb=hooks.memory_gb(lambda w: cfg.predictors.causal_lms[w.lm].memory_gb),
        runtime=hooks.runtime(60),
        gpu=lambda w: hooks.gpus(cfg, cfg.predictors.causal_lms[w.lm]),
    params:
        code=script_hash("retrieve_causal_lm.py"),
        model=lambda w: cfg.predictors.causal_lms[w.lm].model,
        settings=lambda w: cfg.predictors.causal_lms[w.lm].model_dump(
            include={"revision", "title", "dtype", "bos"}
        ),
        device=lambda w: cfg.predictors.causal_lms[w.lm].device or cfg.device,
        attempt=lambda w: hooks.missing_since(w.lm),
    script:
        "../scripts/retrieve_causal_lm.py"


rule train_llama:
    """Train a small model with the Llama architecture on the same corpus and tokens, if the config has one."""
    input:
        tokens=expand("results/tokens/{split}.npy", split=SPLITS[:2]),
        starts=expand("results/tokens/{split}_starts.npy", split=SPLITS[:2]),
        tokenizer="results/tokenizer/tokenizer.json",
    output:
        model=directory("results/models/{lm}"),
        training="results/models/{lm}.training.csv",
    log:
        "logs/train_llama/{lm}.log",
    benchmark:
        "benchmarks/out/train_llama/{lm}.tsv"
    # The longest job of the default build starts first, so that the others run at the same time.
    priority: 10
    threads: cfg.threads
    resources:
        mem_mb=hooks.memory("llama"),
        runtime=hooks.runtime(60),
        gpu=gpus,
    params:
        code=script_hash("train_llama.py"),
        threads=cfg.threads,
        settings=lambda w: cfg.predictors.causal_lms[w.lm].train.model_dump(),
        seed=cfg.seed,
        device=cfg.device,
    script:
        "../scripts/train_llama.py"


rule predict_causal_lm:
    """Score the candidates as continuations of each context with a causal language model."""
    input:
        # Beside the main question only of the groups themselves, not of their twins with the other `match`.
        **hooks.extra_inputs(cfg),
        test="results/contexts/{variant}/test.safetensors",
        tokenizer="results/tokenizer/tokenizer.json",
        retrieved=lambda w: hooks.retrieved_model(w.lm, cfg.predictors.causal_lms[w.lm]),
        trained=lambda w: hooks.trained_model(w.lm, cfg.predictors.causal_lms[w.lm]),
        files=lambda w: hooks.local_model_files(cfg.predictors.causal_lms[w.lm]),
    output:
        predictions="results/predictions/{variant}/{lm}.parquet",
        answers="results/causal_lms/{variant}/{lm}.safetensors",
    log:
        "logs/predict_causal_lm/{lm}/{variant}.log",
    benchmark:
        "benchmarks/out/predict_causal_lm/{lm}/{variant}.tsv"
    threads: cfg.threads
    resources:
        mem_mb=hooks.memory_gb(lambda w: cfg.predictors.causal_lms[w.lm].memory_gb),
        runtime=hooks.runtime(lambda w: cfg.predictors.causal_lms[w.lm].runtime_minutes),
        gpu=lambda w: hooks.gpus(cfg, cfg.predictors.causal_lms[w.lm]),
    params:
        code=script_hash("predict_causal_lm.py"),
        threads=cfg.threads,
        settings=lambda w: cfg.predictors.causal_lms[w.lm].asked(),
        match=lambda w: variants[w.variant].match,
        model=lambda w: cfg.predictors.causal_lms[w.lm].model
        or f"./results/models/{w.lm}",
        device=lambda w: cfg.predictors.causal_lms[w.lm].device or cfg.device,
        seed=cfg.seed,
    script:
        "../scripts/predict_causal_lm.py"
