"""An estimate for a corpus and a model of the hub, through the hub's real clients."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from tests.helpers.hub import Fault, Hub, Repository
from tests.helpers.language_models import byte_level, write_model

ROOT = Path(__file__).resolve().parents[3]
SMALL = ROOT / "config" / "tinystories-small.yaml"
ROWS = {"train": 2_119_719, "validation": 21_990}
"""Stories that the data set's card names, far more than there are in the test."""


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("hub")
    (folder / "stories" / "data").mkdir(parents=True)
    card = {
        "dataset_info": {
            "features": [{"name": "text", "dtype": "string"}],
            "splits": [{"name": s, "num_bytes": 900 * n, "num_examples": n} for s, n in ROWS.items()],
        }
    }
    (folder / "stories" / "README.md").write_text(f"---\n{yaml.safe_dump(card)}---\nStories.\n")
    story = "One day the cat and the dog sat in the warm sun by the old tree, and she was happy, but he was sad. {}"
    for split in ROWS:
        table = pa.table({"text": [story.format(i) for i in range(200)]})
        pq.write_table(table, folder / "stories" / "data" / f"{split}-00000-of-00001.parquet")
    lm = yaml.safe_load(SMALL.read_text())["predictors"]["causal_lms"]["smollm2-135m"]
    weights = write_model(folder / "lm", "llama", byte_level(bos="<s>", added=True))
    with Hub() as hub:
        revision = "f54c09fd23315a6f9c86f9dc80f725de7d8f9c64"
        hub.add_dataset("roneneldan/TinyStories", folder / "stories", revision=revision)
        yield hub, hub.add_model(lm["model"], weights, revision=lm["revision"])


def plan(hub: Hub, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    environment |= {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    code = "import sys; from handcraft.commands.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "plan", str(SMALL), "--build", str(home), "--cores", "2"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_the_small_config_is_estimated_by_the_card_and_the_files(
    repositories: tuple[Hub, Repository], tmp_path: Path
) -> None:
    hub, _ = repositories
    found = plan(hub, tmp_path)
    assert found.returncode == 0, found.stderr
    # One story in 200 of train, of which a tenth is for validation, and one in 20 of the validation split for testing.
    assert "about 9,539 train, 1,060 validation, 1,100 test" in found.stdout
    assert "roneneldan/TinyStories, streamed and not kept: 0.0 MB" in found.stdout
    assert "HuggingFaceTB/SmolLM2-135M: 0." in found.stdout
    assert "predict_causal_lm (smollm2-135m), 6 jobs" in found.stdout
    assert "not known" not in found.stdout
    assert not list(tmp_path.rglob("*.safetensors")), "it downloads no weights"


def test_a_model_whose_size_is_not_told_is_named(
    repositories: tuple[Hub, Repository], tmp_path: Path
) -> None:
    hub, model = repositories
    with hub.fails(model, Fault(status=404)):
        found = plan(hub, tmp_path)
    assert found.returncode == 0, found.stderr
    assert "not known  SmolLM2 135M (the hub does not tell its size, or cannot be reached)" in found.stdout
    assert "predict_causal_lm" not in found.stdout
