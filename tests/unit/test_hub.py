"""Models and data sets of a hub, through its real clients, from a server that can fail in the ways of the hub."""

import errno
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from handcraft.errors import UserError
from handcraft.predictors.causal_lm.load import explained
from tests.helpers.hub import MEMBER, STRANGER, Fault, Hub, Repository
from tests.helpers.hub_client import Client, Told
from tests.helpers.language_models import byte_level, random_model, write_model

COMMIT, OTHER = "a" * 40, "b" * 40
STORIES = {
    split: [f"The {split} story {i} of a cat." for i in range(50)] for split in ("train", "validation")
}
WIDE = {"hidden_size": 64, "intermediate_size": 256}
"""Weights of more than the 100 kB that are read for their header."""


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with Hub() as hub:
        yield hub


@pytest.fixture(scope="module")
def client(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with Client(tmp_path_factory.mktemp("home"), hub.endpoint) as client:
        yield client


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(
        tmp_path_factory.mktemp("lm") / "m", "llama", byte_level(bos="<s>", added=True), **WIDE
    )


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stories")
    (folder / "data").mkdir()
    (folder / "README.md").write_text("---\nlicense: cc0-1.0\n---\nStories.\n")
    for split, stories in STORIES.items():
        pq.write_table(pa.table({"text": stories}), folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder


@dataclass
class Subject:
    """A model or a data set of the hub, and how the build gets it."""

    hub: Hub
    client: Client
    noun: str
    repository: Repository

    def get(self, token: str = "", revision: str = COMMIT) -> Told:
        get = self.client.retrieve if self.noun == "model" else self.client.stories
        return get(self.repository.name, revision, token=token)

    def check(self, told: Told) -> None:
        """All of it is there, byte by byte, and nothing half."""
        assert not told.what, told
        assert "Traceback" not in told.said
        if self.noun == "data set":
            assert told.answer == STORIES["train"]
            return
        files = {p.name: p.read_bytes() for p in Path(told.answer).iterdir()}
        assert files == {p.name: p.read_bytes() for p in self.repository.directory.iterdir()}
        assert not list(self.client.home.rglob("*.incomplete"))


@pytest.fixture(params=["model", "data set"])
def subject(request: pytest.FixtureRequest, hub: Hub, client: Client, model: Path, dataset: Path) -> Subject:
    """One that nobody has asked for before."""
    name = f"some/subject-{len(hub.repositories)}"
    if request.param == "model":
        return Subject(hub, client, "model", hub.add_model(name, model, COMMIT))
    return Subject(hub, client, "data set", hub.add_dataset(name, dataset, COMMIT))


@pytest.fixture
def lm(hub: Hub, client: Client, model: Path) -> Subject:
    name = f"some/model-{len(hub.repositories)}"
    return Subject(hub, client, "model", hub.add_model(name, model, COMMIT))


def whole_files(hub: Hub, name: str) -> Counter[str]:
    """How many times each file was asked for from its first byte to its last."""
    asked = [a for a in hub.requests(name, "GET") if a.status == 200 and "/api/" not in a.path]
    return Counter(a.path.rpartition("/")[2] for a in asked if not a.range)


@pytest.mark.parametrize("kind", ["llama", "gpt_neox", "gpt2", "llama in shards"])
def test_a_model_is_got_once_and_loaded_without_the_hub(
    hub: Hub, client: Client, tmp_path: Path, kind: str
) -> None:
    directory = write_model(tmp_path / "lm", kind.split()[0], byte_level(bos="<s>", added=kind != "gpt2"))
    if "shards" in kind:
        (directory / "model.safetensors").unlink()
        random_model("llama", 300, 0, **WIDE).save_pretrained(directory, max_shard_size="200KB")
        assert len(list(directory.glob("*.safetensors"))) > 1
    subject = Subject(hub, client, "model", hub.add_model(f"me/{kind.replace(' ', '-')}", directory, COMMIT))
    name = subject.repository.name
    subject.check(subject.get())
    assert whole_files(hub, name) == {p.name: 1 for p in directory.iterdir()}
    before = len(hub.asked)
    subject.check(subject.get())
    assert client.load(name, COMMIT).answer
    assert len(hub.asked) == before


def test_stories_are_streamed_in_their_order_and_not_stored(hub: Hub, client: Client, dataset: Path) -> None:
    hub.add_dataset("some/stories", dataset, COMMIT)
    for split, stories in STORIES.items():
        assert client.stories("some/stories", COMMIT, split).answer == stories
    assert not list(client.home.rglob("*.parquet"))
    told = client.stories("some/stories", COMMIT, "test")
    assert "no such split" in told.what


FAULTS = {
    "too many requests": (Fault(429, retry_after=60), "", "too many requests", "wait some minutes"),
    "out of order": (Fault(500), "", "status 500", "wait some minutes"),
    "list out of order": (Fault(503), "/tree/", "status 503", "run the same command again"),
    "storage out of order": (Fault(503), "/storage/", "status 503", "run the same command again"),
    "forbidden": (Fault(403), "", "refuses the {} (the hub is busy)", "HF_TOKEN"),
    "a login page": (Fault(page=True), "", "is not a hub", "HF_ENDPOINT"),
    "a login page for the list": (Fault(page=True), "/tree/", "is not a hub", "login"),
    "a login page for a file": (Fault(page=True), "/storage/", "corrupt", "again"),
    "broken off": (Fault(cut=300), "/storage/", "broke off", "run the same command again"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_and_a_rerun_finishes(subject: Subject, name: str) -> None:
    fault, at, what, remedy = FAULTS[name]
    with subject.hub.fails(subject.repository, fault, at):
        told = subject.get()
    assert what.format(subject.noun) in told.what
    assert remedy in told.remedy
    assert subject.repository.name in told.where
    assert "Traceback" not in told.said
    if subject.noun == "model":
        assert f"Tiny (tiny) is left out of this build: {told.what}" in told.said
    subject.check(subject.get())


@pytest.mark.parametrize(
    "fault", [Fault(429, retry_after=30, times=2), Fault(503, times=2), Fault(delay=0.3, times=3)]
)
def test_what_passes_is_waited_for(subject: Subject, fault: Fault) -> None:
    with subject.hub.fails(subject.repository, fault):
        told = subject.get()
    subject.check(told)
    # At once, and then after what the hub says.
    assert fault.retry_after is None or max(told.waits) >= 30


def test_a_download_that_breaks_off_goes_on_where_it_was(lm: Subject) -> None:
    weights = (lm.repository.directory / "model.safetensors").stat().st_size
    with lm.hub.fails(lm.repository, Fault(cut=200_000, times=1), "/storage/"):
        lm.check(lm.get())
    asked = [a for a in lm.hub.requests(lm.repository.name, "GET") if "/storage/" in a.path]
    assert [a.range for a in asked] == ["bytes=0-100000", "", f"bytes={3 * 2**16}-"]
    assert [a.sent for a in asked] == [100_001, 200_000, weights - 3 * 2**16]


def test_only_what_is_missing_is_got_again(lm: Subject) -> None:
    with lm.hub.fails(lm.repository, Fault(cut=200_000), "/storage/"):
        assert "broke off" in lm.get().what
    lm.hub.asked.clear()
    lm.check(lm.get())
    assert set(whole_files(lm.hub, lm.repository.name)) <= {"model.safetensors", "tokenizer.json"}
    assert whole_files(lm.hub, lm.repository.name)["model.safetensors"] == 1


def test_a_gate_a_token_and_a_name(subject: Subject) -> None:
    subject.repository.gated = True
    for token in ("", STRANGER):
        told = subject.get(token)
        assert f"the {subject.noun} is gated" in told.what
        assert "set HF_TOKEN" in told.remedy
        assert subject.repository.name in told.remedy
        assert not subject.hub.sent(subject.repository.name)
    told = subject.get("hf_expired")
    assert "does not accept the token" in told.what
    assert "hf_expired" not in str(told)
    told = subject.get(MEMBER, revision=OTHER)
    assert "revision does not exist" in told.what
    assert "full commit" in told.remedy
    subject.check(subject.get(MEMBER))
    asked = subject.hub.requests(subject.repository.name)
    assert not [a for a in asked if a.token and "/storage/" in a.path], "a token left the hub"
    subject.repository.name = "some/nobody"
    for token in ("", MEMBER):
        assert f"the hub has no such {subject.noun}" in subject.get(token).what
    subject.repository.name = "some/no--body"
    told = subject.get()
    assert f"'some/no--body' cannot be the name of a {subject.noun}" in told.what
    assert "owner/name" in told.remedy


def test_what_has_moved_is_found(subject: Subject) -> None:
    new = subject.repository.name
    subject.hub.moved["old/name"] = new
    subject.repository.name = "old/name"
    subject.check(subject.get())
    assert subject.hub.sent(new)


def test_a_file_that_came_damaged_is_not_taken_for_whole(lm: Subject) -> None:
    whole = (lm.repository.directory / "model.safetensors").read_bytes()
    with lm.hub.fails(lm.repository, Fault(content=whole[:-50] + bytes(50)), "/storage/"):
        told = lm.get()
    assert "model.safetensors is damaged" in told.what
    assert "run the same command again" in told.remedy
    lm.hub.asked.clear()
    lm.check(lm.get())
    assert whole_files(lm.hub, lm.repository.name) == {"model.safetensors": 1}


def test_a_file_of_another_size_than_announced(lm: Subject) -> None:
    with lm.hub.fails(lm.repository, Fault(content=b"{}"), "/tokenizer.json"):
        told = lm.get()
    assert "another size than the hub announced" in told.what
    lm.check(lm.get())


def test_a_hub_that_is_too_slow(lm: Subject) -> None:
    with lm.hub.fails(lm.repository, Fault(delay=2.3), "/storage/"):
        told = lm.get()
    assert "cannot be reached" in told.what
    assert "check the network" in told.remedy
    lm.check(lm.get())


def test_too_small_a_disk_is_told_before_the_download(lm: Subject) -> None:
    with lm.hub.fails(lm.repository, Fault(size=10**15), "model.safetensors"):
        told = lm.get()
    assert f"the files of {lm.repository.name} will take about 1,000,000.0 GB" in told.what
    assert str(lm.client.home) in told.where
    assert "HF_HOME" in told.remedy
    assert not whole_files(lm.hub, lm.repository.name).keys() - {"config.json"}
    lm.check(lm.get())


def test_a_disk_that_runs_full_during_the_download() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/cache/model.safetensors")
    with pytest.raises(UserError, match="the disk is full") as caught, explained("a/b", COMMIT):
        raise OSError("cannot download") from full
    assert "HF_HOME" in caught.value.remedy


@pytest.mark.parametrize(
    ("file", "what"), [("model.safetensors", "no weights in safetensors"), ("config.json", "config.json")]
)
def test_a_repository_without_what_a_model_needs(lm: Subject, tmp_path: Path, file: str, what: str) -> None:
    lm.repository.directory = Path(shutil.copytree(lm.repository.directory, tmp_path / "part"))
    (lm.repository.directory / file).unlink()
    told = lm.get()
    assert what in told.what
    assert told.remedy


def test_stories_of_another_revision_are_not_taken(hub: Hub, client: Client, dataset: Path) -> None:
    """`datasets` gives the newest that it has in its cache where the hub does not answer."""
    repository = hub.add_dataset("some/remembered", dataset, OTHER)
    assert client.remember("some/remembered", OTHER).answer == ["train", "validation"]
    repository.revision = COMMIT
    with hub.fails(repository, Fault(503)):
        told = client.stories("some/remembered", COMMIT)
    assert "status 503" in told.what


def test_offline_what_is_in_the_cache_is_used_and_the_rest_is_told(lm: Subject) -> None:
    name = lm.repository.name
    lm.check(lm.get())
    before = len(lm.hub.asked)
    with Client(lm.client.home, lm.hub.endpoint, HF_HUB_OFFLINE="1") as offline:
        lm.check(offline.retrieve(name, COMMIT))
        assert offline.load(name, COMMIT).answer == lm.client.load(name, COMMIT).answer
        told = offline.retrieve("some/nobody", COMMIT)
        assert "the model is not on this machine, and the hub cannot be reached" in told.what
        assert f"hf download some/nobody --revision {COMMIT}" in told.remedy
        told = offline.stories("some/nobody", COMMIT)
        assert "the data set is not on this machine" in told.what
        assert "HF_HUB_OFFLINE" in told.remedy
        assert "corpus.source: files" in told.remedy
    assert len(lm.hub.asked) == before
