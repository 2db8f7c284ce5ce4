"""What went wrong with the Hugging Face hub, said once for data sets and models.

Failures are known by their classes; by their text only where `datasets` and `transformers` raise a class of their own
for several failures (a gated data set and one without the revision are both a DatasetNotFoundError).
"""

from socket import gaierror

from handcraft.errors import error_chain


def caused_by(error: BaseException, *classes: type[BaseException]) -> bool:
    """Whether an error, or one that led to it, is of one of the classes."""
    return any(isinstance(link, classes) for link in error_chain(error))


def hub_failure(
    error: BaseException, *, noun: str, name: str, revision: str | None, instead: str
) -> tuple[str, str] | None:
    """What is wrong and what to do, where `error` is a failure of the hub; None for any other.

    `noun` is "data set" or "model", `name` its name on the hub, `instead` the way that needs no hub.
    """
    # Late: only who meets an error needs them. httpx2 is the client of huggingface_hub.
    from httpx2 import TransportError
    from huggingface_hub import errors

    missing: list[type[Exception]] = [errors.RepositoryNotFoundError]
    if noun == "data set":
        from datasets.exceptions import DatasetNotFoundError

        missing.append(DatasetNotFoundError)
    # OfflineModeIsEnabled is a ConnectionError; the last is raised where a file is not cached and cannot be asked for.
    offline = (ConnectionError, TimeoutError, gaierror, TransportError, errors.LocalEntryNotFoundError)
    text = " ".join(str(e) for e in error_chain(error)).lower()
    page = f"https://huggingface.co/{'datasets/' if noun == 'data set' else ''}{name}"
    known = caused_by(error, errors.RevisionNotFoundError, errors.RepositoryNotFoundError)
    if caused_by(error, errors.GatedRepoError) or ("gated" in text and not known):
        return f"the {noun} is gated: it is given only to those who accepted its terms", (
            f"accept them on {page}, make a read token there and set HF_TOKEN to it in the environment (or log in: "
            f"hf auth login), or {instead}"
        )
    if caused_by(error, errors.RevisionNotFoundError) or (
        "revision" in text and "exist" in text and not known
    ):
        return f"the revision does not exist: {revision!r}", (
            f"give the full commit from {page} (Files, History) as revision"
        )
    # After the two above, which are kinds of it; before the network, since it is answered by the hub.
    if caused_by(error, *missing):
        return f"the hub has no such {noun}, or not for you", (
            "check the name; what is private needs HF_TOKEN in the environment"
        )
    if caused_by(error, *offline):
        kind = " --repo-type dataset" if noun == "data set" else ""
        return f"the {noun} is not on this machine, and the hub cannot be reached", (
            f"check the network (and that HF_HUB_OFFLINE is not set), get it where there is network "
            f"(hf download {name}{kind} --revision {revision}), or {instead}"
        )
    return None
