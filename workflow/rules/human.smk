# Needs: the test contexts, the samples, results/predictions/*; human/labels/{corpus}/{group}/*.csv, if people answered.
# Makes: results/labelling/{group}.html, the page on which people answer; results/people/{group}/*, their results.

labelled = list(hooks.human_labels(root, cfg))


rule build_labelling_page:
    """Build the labelling page: one file that needs no network and does not depend on any labels."""
    input:
        template=hooks.page_sources(),
        test="results/contexts/{group}/test.safetensors",
        train="results/contexts/{group}/train.safetensors",
        sample="results/contexts/{group}/sample.json",
        tokenizer="results/tokenizer/tokenizer.json",
        scores="results/evaluation/{group}/sample.csv",
    output:
        page="results/labelling/{group}.html",
    log:
        "logs/build_labelling_page/{group}.log",
    benchmark:
        "benchmarks/out/build_labelling_page/{group}.tsv"
    localrule: True
    params:
        code=script_hash("build_labelling_page.py"),
        group=lambda w: w.group,
        title=lambda w: variants[w.group].title,
        send_to=lambda w: cfg.report.send_labels_to,
        corpus=cfg.corpus.model_dump(include={"name", "title"}),
        confidence=cfg.evaluation.confidence,
        seed=cfg.seed,
    script:
        "../scripts/build_labelling_page.py"


rule evaluate_people:
    """Compare people with every predictor on the same items, and compute the power of so few items."""
    input:
        test="results/contexts/{group}/test.safetensors",
        train="results/contexts/{group}/train.safetensors",
        sample="results/contexts/{group}/sample.json",
        # For the text of the items that nobody answered correctly.
        tokenizer=lambda w: (
            ["results/tokenizer/tokenizer.json"] if w.group in labelled else []
        ),
        predictions=lambda w: hooks.predictions_of(
            variants[w.group], planted_groups, cfg, ruled
        ),
        labels=lambda w: hooks.human_labels(root, cfg).get(w.group, []),
    output:
        people="results/people/{group}/people.csv",
        comparisons="results/people/{group}/comparisons.csv",
        agreement="results/people/{group}/agreement.csv",
        missed="results/people/{group}/missed.json",
        power="results/people/{group}/power.csv",
    log:
        "logs/evaluate_people/{group}.log",
    benchmark:
        "benchmarks/out/evaluate_people/{group}.tsv"
    params:
        code=script_hash("evaluate_people.py"),
        confidence=cfg.evaluation.confidence,
    script:
        "../scripts/evaluate_people.py"
