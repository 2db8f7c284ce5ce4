"""`handcraft verify`: a certificate checked again from the file and the contexts, and what it refuses."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handcraft.commands.main import main
from handcraft.errors import UserError
from handcraft.files import read_metadata, read_tensors, write_tensors
from handcraft.predictors.linear.train import Outputs
from handcraft.predictors.linear.verify import verify_linear
from tests.helpers.artifacts import contexts_file, last_token_decides
from tests.helpers.linear import train_small


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Contexts and a linear model where the workflow has them."""
    results = tmp_path_factory.mktemp("build") / "results"
    contexts, linear = results / "contexts" / "words", results / "linear" / "words"
    train = contexts_file(contexts / "train.safetensors", *last_token_decides(600, 0))
    validation = contexts_file(contexts / "validation.safetensors", *last_token_decides(300, 1))
    names = {name: linear / f"{name}.safetensors" for name in ("weights", "sparser", "support")}
    names |= {"path": linear / "path.csv", "metrics": linear / "metrics.json"}
    train_small(train, validation, Outputs(**names), [3e-2, 1e-2, 3e-3])
    return results


def tampered(build: Path, out: Path, change: float = 0.0, **metadata: Any) -> Path:
    source = build / "linear" / "words" / "weights.safetensors"
    tensors = read_tensors(source)
    weight = np.where(tensors["weight"] != 0, tensors["weight"] + np.float32(change), 0).astype(np.float32)
    write_tensors(out, tensors | {"weight": weight}, read_metadata(source) | metadata)
    return out


@pytest.mark.parametrize("name", ["weights", "sparser"])
def test_a_certificate_holds_again(build: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    weights = build / "linear" / "words" / f"{name}.safetensors"
    assert main(["verify", str(weights)]) == 0
    assert "the certificate holds" in capsys.readouterr().out
    found = verify_linear(weights, build / "contexts" / "words" / "train.safetensors")
    assert found.objective == pytest.approx(read_metadata(weights)["objective"], rel=1e-12)
    assert found.gap <= 1e-4


def test_changed_weights_do_not_pass(build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contexts = str(build / "contexts" / "words" / "train.safetensors")
    weights = tampered(build, tmp_path / "w.safetensors", 0.2)
    assert main(["verify", str(weights), "--contexts", contexts]) == 1
    assert "DOES NOT HOLD" in capsys.readouterr().out


def test_what_the_file_says_of_itself_is_not_believed(build: Path, tmp_path: Path) -> None:
    contexts = build / "contexts" / "words" / "train.safetensors"
    weights = tampered(build, tmp_path / "w.safetensors", 0.2, objective=0.1, gap=1e-9)
    found = verify_linear(weights, contexts)
    assert not found.holds
    assert found.gap > 1e-3


def test_other_contexts_and_files_without_a_certificate_are_refused(
    build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = build / "linear" / "words" / "weights.safetensors"
    other = contexts_file(tmp_path / "other.safetensors", *last_token_decides(599, 0))
    with pytest.raises(UserError, match=r"600 training contexts(.|\n)*--contexts"):
        verify_linear(weights, other)
    assert main(["verify", str(build / "linear" / "words" / "support.safetensors")]) == 1
    assert "states no certificate" in capsys.readouterr().err
    unpenalised = tampered(build, tmp_path / "w.safetensors", gap=None)
    with pytest.raises(UserError, match="L1 penalty above 0"):
        verify_linear(unpenalised, build / "contexts" / "words" / "train.safetensors")
    assert main(["verify", str(tmp_path / "absent.safetensors")]) == 1
