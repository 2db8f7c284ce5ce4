"""The hub's real clients in a process of their own, since they read their environment when they are imported.

`Client` starts the process, which is this file run as a module, and gives it jobs: models and data sets to get as the
build gets them. Its clock is quick: what waits for a while before it tries again waits for a moment.
"""

import json
import os
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from handcraft.errors import UserError

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Told:
    """What came of a job: an answer, or an error (`what`, `where`, `remedy`); what was printed; how long was waited."""

    answer: Any = None
    what: str = ""
    where: str = ""
    remedy: str = ""
    said: str = ""
    waits: tuple[float, ...] = ()


class Client:
    """A process whose hub is at `endpoint` and whose cache is in `home`; used in a `with` block."""

    def __init__(self, home: Path, endpoint: str, **environment: str) -> None:
        self.home = home
        own = {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "NO_PROXY": "*", "no_proxy": "*"}
        # The hub's answers here take no time; without one, nobody waits long.
        own |= {"HF_HUB_ETAG_TIMEOUT": "2", "HF_HUB_DOWNLOAD_TIMEOUT": "2", "HF_HUB_DISABLE_TELEMETRY": "1"}
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING", "TRANSFORMERS"))}
        self.environment = kept | own | environment

    def __enter__(self) -> "Client":
        self.home.mkdir(parents=True, exist_ok=True)
        self._log = (self.home / "stderr.txt").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.helpers.hub_client"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=60)
        self._log.close()

    def retrieve(self, model: str, revision: str, token: str = "") -> Told:
        """Get a model; the answer is the directory where the cache has it."""
        return self._do("retrieve", token, model=model, revision=revision)

    def load(self, model: str, revision: str) -> Told:
        """The sum of a loaded model's weights, and tokens of a text."""
        return self._do("load", "", model=model, revision=revision)

    def stories(self, dataset: str, revision: str, split: str = "train", token: str = "") -> Told:
        """The stories of a data set's split."""
        return self._do("stories", token, dataset=dataset, revision=revision, split=split)

    def remember(self, dataset: str, revision: str) -> Told:
        """Put a data set into the cache of `datasets`, as a notebook does."""
        return self._do("remember", "", dataset=dataset, revision=revision)

    def _do(self, job: str, token: str, **options: str) -> Told:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        log = Path(self._log.name)
        start = log.stat().st_size
        self._process.stdin.write(json.dumps({"job": job, "token": token, **options}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        said = log.read_bytes()[start:].decode()
        assert line, said
        told = json.loads(line)
        assert "crash" not in told, told["crash"]
        return Told(**told, said=said)


def _retrieve(model: str, revision: str) -> Any:
    from handcraft.config.predictors import CausalLM
    from handcraft.predictors.causal_lm.retrieve import retrieve_causal_lm

    output = Path(os.environ["HF_HOME"]) / "record.json"
    settings = CausalLM(title="Tiny", model=model, revision=revision)
    retrieve_causal_lm(settings, name="tiny", device="cpu", output=output)
    record = json.loads(output.read_text())
    if not record["available"]:
        raise UserError(record["what"], where=record["where"], remedy=record["remedy"])
    folder = f"models--{model.replace('/', '--')}"
    return str(Path(os.environ["HF_HOME"]) / "hub" / folder / "snapshots" / revision)


def _load(model: str, revision: str) -> Any:
    import torch

    from handcraft.predictors.causal_lm.load import load_language_model

    loaded = load_language_model(model, revision, dtype="float32", device=torch.device("cpu"))
    return [float(sum(p.detach().sum() for p in loaded.model.parameters())), loaded.encode(["The cat sat."])]


def _stories(dataset: str, revision: str, split: str) -> Any:
    from handcraft.corpus.hub import stories_in_hub

    return list(stories_in_hub(dataset, revision, split, "text"))


def _remember(dataset: str, revision: str) -> Any:
    from datasets import load_dataset

    return sorted(load_dataset(dataset, revision=revision))


def main() -> None:
    """Do the jobs of standard input, a line each; answers are lines of what was standard output."""
    from huggingface_hub import constants

    # Small files are then many pieces, as large ones are.
    constants.DOWNLOAD_CHUNK_SIZE = 2**16
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    waits: list[float] = []
    sleep = time.sleep

    def wait(seconds: float) -> None:
        waits.append(seconds)
        sleep(min(seconds, 0.01))

    time.sleep = wait
    jobs = {"retrieve": _retrieve, "load": _load, "stories": _stories, "remember": _remember}
    for line in sys.stdin:
        options = json.loads(line)
        job, os.environ["HF_TOKEN"] = jobs[options.pop("job")], options.pop("token")
        waits.clear()
        reply: dict[str, Any] = {}
        try:
            reply["answer"] = job(**options)
        except UserError as error:
            reply |= {"what": error.what, "where": error.where, "remedy": error.remedy}
        except Exception:
            reply["crash"] = traceback.format_exc()
        print(json.dumps(reply | {"waits": waits}), file=replies, flush=True)


if __name__ == "__main__":
    main()
