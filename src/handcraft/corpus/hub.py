"""Stories of a data set on the Hugging Face hub, streamed: nothing is stored but what the build writes.

The revision is a commit, so the data can never change under the report. No code of a data set is ever run:
`trust_remote_code` is not given, and `datasets` refuses data sets that come with a script.
"""

from collections.abc import Iterator

from handcraft.corpus.files import not_text
from handcraft.errors import UserError


def stories_in_hub(dataset: str, revision: str, split: str, field: str) -> Iterator[str]:
    """The stories of one split of the hub's. field: the column that holds them.

    Raises `UserError` where there is no network, the data set is gated or unknown, the revision or the split
    does not exist, or a row has no text.
    """
    where = f"{dataset} at revision {revision}, split {split}"
    try:
        from datasets import load_dataset

        rows = load_dataset(dataset, revision=revision, split=split, streaming=True)
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
        raise _told(error, where) from error


def _told(error: Exception, where: str) -> UserError:
    """The remedy for a failure, known by its name and text, since the kinds are of several packages."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    names = {kind.__name__ for e in chain for kind in type(e).__mro__}
    text = " ".join(str(e) for e in chain).lower()
    message = str(error).strip().split("\n")[0][:300] or type(error).__name__
    if "gated" in text or "GatedRepoError" in names:
        return UserError(
            f"the data set is gated: {message}",
            where=where,
            remedy="ask for access on its page on the hub and log in (hf auth login), or download it and use "
            "corpus.source: files",
        )
    if "revision" in text and ("exist" in text or "RevisionNotFoundError" in names):
        return UserError(
            f"the revision does not exist: {message}",
            where=f"{where}; config: corpus.hub.revision",
            remedy="give the full commit from the data set's page on the hub (Files, History)",
        )
    if "bad split" in text or "unknown split" in text:
        return UserError(
            f"the data set has no such split: {message}",
            where=f"{where}; config: corpus.hub.train, .validation, .test",
            remedy="give the name of a split that it has",
        )
    if names & {
        "ConnectionError",
        "OfflineModeIsEnabled",
        "TimeoutError",
        "ConnectError",
        "TransportError",
        "gaierror",
    }:
        return UserError(
            f"the hub cannot be reached: {message}",
            where=where,
            remedy="check the network (and that HF_HUB_OFFLINE is not set) and run snakemake again, or download "
            "the data and use corpus.source: files",
        )
    if "DatasetNotFoundError" in names or "RepositoryNotFoundError" in names:
        return UserError(
            f"no such data set: {message}",
            where=f"{where}; config: corpus.hub.dataset",
            remedy="check the name; a private data set needs hf auth login",
        )
    return UserError(
        f"cannot read the data set ({type(error).__name__}: {message})",
        where=where,
        remedy="run snakemake again; if it persists, download the data and use corpus.source: files",
    )
