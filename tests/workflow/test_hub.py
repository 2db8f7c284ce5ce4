"""The config of the post, with its data set and its models from a hub on this machine, from nothing to the report.

Names, commits and the way that they are asked for are those of config/tinystories.yaml; stories and models are small.
"""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pypdf import PdfReader

from handcraft.config.files import load_config
from handcraft.config.model import Config
from handcraft.corpus.planted import stories
from handcraft.files import read_csv, read_json
from handcraft.predictions import read_predictions
from tests.helpers.hub import MEMBER, STRANGER, Hub
from tests.helpers.language_models import byte_level, write_model
from tests.workflow.conftest import Checkout

KINDS = {"llama-3-1-8b": "llama", "smollm2-135m": "llama", "pythia-160m": "gpt_neox", "gpt2": "gpt2"}
GATED, *OPEN = KINDS
SMALL = """
device: cpu
predictors:
  linear: {resamples: 3}
  nonlinear: {variants: [mlp], seeds: 1, folds: 2, dropout: 0.5, batch_size: 128}
  minibatch: {batches: 200, every: 50}
  one_layer: {width: 16, hidden: 16, windows: 1000}
  full_linear: {windows: 1000}
  causal_lms:
    llama-3-1-8b: {extra_contexts: 100, long_context: 64}
    smollm2-135m: {contexts: 100, extra_contexts: 100, long_context: 64}
    pythia-160m: {contexts: 100, extra_contexts: 100, long_context: 64}
    gpt2: {contexts: 100, extra_contexts: 100, long_context: 64}
"""


def fill(hub: Hub, config: Config, folder: Path) -> None:
    """Put what the config names on the hub, where the first model is gated."""
    source, data = config.corpus.hub, folder / "stories" / "data"
    data.mkdir(parents=True)
    (data.parent / "README.md").write_text("---\nlicense: cdla-sharing-1.0\n---\nStories.\n")
    for seed, (split, count) in enumerate({"train": 1000, "validation": 150}.items()):
        pq.write_table(
            pa.table({"text": list(stories(seed, count))}), data / f"{split}-00000-of-00001.parquet"
        )
    hub.add_dataset(source.dataset, data.parent, source.revision)
    for name, kind in KINDS.items():
        lm = config.predictors.causal_lms[name]
        tokenizer = byte_level(bos="<s>", added=kind == "llama")
        assert lm.model is not None
        assert lm.revision is not None
        hub.add_model(lm.model, write_model(folder / name, kind, tokenizer), lm.revision, gated=name == GATED)


@pytest.mark.slow
def test_the_config_of_the_post_through_a_hub(
    root: Path, new_checkout: Callable[[], Checkout], tmp_path: Path
) -> None:
    config = load_config(root / "config.yaml", root / "config" / "tinystories.yaml")
    lms = config.predictors.causal_lms
    assert list(lms) == list(KINDS)
    checkout = new_checkout()
    (checkout.path / "small.yaml").write_text(SMALL)
    configs = ("config/tinystories.yaml", "small.yaml")
    with Hub() as hub:
        fill(hub, config, tmp_path)
        environment = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0"}
        environment |= {"HF_TOKEN": STRANGER, "NO_PROXY": "*", "no_proxy": "*"}
        said = checkout.snakemake("--quiet=rules", *configs, **environment)
        asked = list(hub.asked)
        # With access, the next build has it, and asks for nothing else.
        target = f"results/models/{GATED}.json"
        checkout.snakemake("--quiet=rules", target, *configs, **environment | {"HF_TOKEN": MEMBER})
        assert read_json(checkout.path / target)["available"]
        assert all(f"/{lms[GATED].model}/" in f"{a.path}/" for a in hub.asked[len(asked) :])

    assert "Traceback" not in said
    assert f"{lms[GATED].title} ({GATED}) is left out of this build: the model is gated" in said
    results = checkout.path / "results"
    corpus = read_json(results / "corpus" / "summary.json")
    where = f"{config.corpus.hub.dataset} at revision {config.corpus.hub.revision}"
    assert (corpus["given"]["train"], corpus["given"]["test"]) == (
        f"{where}, split train",
        f"{where}, split validation",
    )
    metrics = read_csv(results / "evaluation" / "causal_lms.csv")
    assert {row["predictor"] for row in metrics} == set(OPEN)
    for name in KINDS:
        answers = read_predictions(results / "predictions" / "conjunctions" / f"{name}.parquet")
        assert len(answers) == (0 if name == GATED else 100)

    page = re.sub(r"<[^>]+>|\s+", " ", (results / "report" / "index.html").read_text())
    paper = " ".join(p.extract_text() for p in PdfReader(results / "report" / "index.pdf").pages)
    for text in (" ".join(page.split()), " ".join(paper.split())):
        assert f"{lms[GATED].title} could not be queried: the model is gated" in text
        assert "set HF_TOKEN to it in the environment" in text
        assert f"huggingface.co/{lms[GATED].model}" in text
        for name in OPEN:
            assert f"{lms[name].title} on the test contexts" in text

    # Every file was sent once, at the commit of the config, and the token stayed with the hub.
    whole = Counter(a.path for a in asked if a.method == "GET" and a.status == 200 and not a.range)
    assert {path for path, times in whole.items() if times > 1 and "/api/" not in path} == set()
    commits = {a.path.split("/resolve/")[1].split("/")[0] for a in asked if "/resolve/" in a.path}
    assert commits == {lm.revision for lm in lms.values()} | {config.corpus.hub.revision}
    assert {a.token for a in asked if "/storage/" in a.path} == {""}
