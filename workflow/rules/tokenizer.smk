# Needs: results/corpus/*.parquet.
# Makes: results/tokenizer/{tokenizer,words}.json; for every split, one array of token ids and the offsets of its stories.


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


rule check_words:
    """Check that all words of the config are single tokens, before longer jobs run."""
    input:
        tokenizer="results/tokenizer/tokenizer.json",
    output:
        words="results/tokenizer/words.json",
    log:
        "logs/check_words.log",
    benchmark:
        "benchmarks/out/check_words.tsv"
    # Only the report depends on this rule: if contexts did, a new group would make those of all groups stale
    # (and where a dependency is `ancient`, Snakemake 9.27 forgets the new group's jobs).
    priority: 100
    localrule: True
    params:
        code=script_hash("check_words.py"),
        words=hooks.words(cfg),
    script:
        "../scripts/check_words.py"


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
