"""Stories of a data set on the Hugging Face hub, streamed: nothing is stored but what the build writes.

The revision is a commit, so the data can never change under the report. No code of a data set is ever run:
`trust_remote_code` is not given, and `datasets` refuses data sets that come with a script.
"""

from collections.abc import Iterator
from tempfile import TemporaryDirectory

from handcraft.corpus.files import not_text
from handcraft.errors import UserError, error_chain
from handcraft.hub_errors import hub_failure


def stories_in_hub(dataset: str, revision: str, split: str, field: str) -> Iterator[str]:
    """The stories of one split of the hub's. field: the column that holds them.

    Raises `UserError` where there is no network, the data set is gated or unknown, the revision or the split
    does not exist, or a row has no text.
    """
    where = f"{dataset} at revision {revision}, split {split}"
    try:
        from datasets import load_dataset

        # Where the hub cannot be reached, `datasets` gives what it finds in its cache, of whatever revision.
        with TemporaryDirectory() as empty:
            rows = load_dataset(dataset, revision=revision, split=split, streaming=True, cache_dir=empty)
            for number, row in enumerate(rows):
                if field not in row:
                    raise UserError(
                        f"no column {field!r}; the data set has: {', '.join(map(repr, row))}",
                        where=where,
                        remedy="name the column that holds the story in corpus.hub.text_field",
                    )
                if problem := not_text(row[field]):
                    raise UserError(f"the column {field!r} {problem}", where=f"{where}, row {number}")
                yield row[field]
    except UserError:
        raise
    except Exception as error:  # datasets, huggingface_hub, httpx and fsspec each have their own
        raise _told(error, dataset, revision, where) from error


def split_rows(dataset: str, revision: str, split: str) -> int | None:
    """How many rows a split of the hub's has, by the data set's card; None where it does not say. Needs the network."""
    from datasets import load_dataset_builder

    try:
        with TemporaryDirectory() as empty:
            info = load_dataset_builder(dataset, revision=revision, cache_dir=empty).info
    except Exception as error:
        raise _told(error, dataset, revision, f"{dataset} at revision {revision}") from error
    found = (info.splits or {}).get(split)
    return int(found.num_examples) if found is not None and found.num_examples else None


def _told(error: Exception, dataset: str, revision: str, where: str) -> UserError:
    """The remedy for a failure."""
    text = " ".join(str(e) for e in error_chain(error)).lower()
    message = str(error).strip().split("\n")[0][:300] or type(error).__name__
    if "bad split" in text or "unknown split" in text:
        return UserError(
            f"the data set has no such split: {message}",
            where=f"{where}; config: corpus.hub.train, .validation, .test",
            remedy="give the name of a split that it has",
        )
    get = f"hf download {dataset} --repo-type dataset --revision {revision} --local-dir DIRECTORY"
    instead = f"download it ({get}) and use corpus.source: files"
    if told := hub_failure(error, noun="data set", name=dataset, revision=revision, instead=instead):
        what, remedy = told
        return UserError(what, where=f"{where}; config: corpus.hub", remedy=remedy)
    return UserError(
        f"cannot read the data set ({type(error).__name__}: {message})",
        where=where,
        remedy=f"run snakemake again; if it persists, {instead}",
    )
