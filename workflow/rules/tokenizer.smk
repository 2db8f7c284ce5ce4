# Needs: results/corpus/*.parquet.
# Makes: results/tokenizer/tokenizer.json; for every split, one array of token ids and the offsets of its stories.


rule train_tokenizer:
    """Train a byte-level BPE on the training stories."""
    input:
        corpus="results/corpus/train.parquet",
    output:
        tokenizer="results/tokenizer/tokenizer.json",
    log:
        "logs/train_tokenizer.log",
    benchmark:
        "benchmarks/out/train_tokenizer.tsv"
    threads: cfg.threads
    resources:
        mem_mb=hooks.memory("corpus"),
        runtime=hooks.runtime(30),
    params:
        code=script_hash("train_tokenizer.py"),
        threads=cfg.threads,
        vocabulary=cfg.tokenizer.vocabulary,
    script:
        "../scripts/train_tokenizer.py"


rule build_tokens:
    """Encode one split as token ids."""
    input:
        corpus="results/corpus/{split}.parquet",
        tokenizer="results/tokenizer/tokenizer.json",
    output:
        tokens="results/tokens/{split}.npy",
        starts="results/tokens/{split}_starts.npy",
    log:
        "logs/build_tokens/{split}.log",
    benchmark:
        "benchmarks/out/build_tokens/{split}.tsv"
    resources:
        mem_mb=hooks.memory("corpus"),
        runtime=hooks.runtime(60),
    params:
        code=script_hash("build_tokens.py"),
    script:
        "../scripts/build_tokens.py"
