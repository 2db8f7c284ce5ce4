"""What went wrong with the Hugging Face hub, said once for data sets and models.

Failures are known by the names of their kinds and by their text, since the kinds are of several packages (datasets,
huggingface_hub, transformers, httpx, fsspec) and some tell all by their text.
"""

OFFLINE = {
    "ConnectError",
    "ConnectTimeout",
    "ConnectionError",
    "LocalEntryNotFoundError",
    "OfflineModeIsEnabled",
    "TimeoutError",
    "TransportError",
    "gaierror",
}


def error_chain(error: BaseException) -> list[BaseException]:
    """An error and all that led to it."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    return chain


def error_kinds(error: BaseException) -> set[str]:
    """Names of all kinds that an error and those that led to it are of."""
    return {kind.__name__ for link in error_chain(error) for kind in type(link).__mro__}


def hub_failure(
    error: BaseException, *, noun: str, name: str, revision: str | None, instead: str
) -> tuple[str, str] | None:
    """What is wrong and what to do, where `error` is a failure of the hub; None for any other.

    `noun` is "data set" or "model", `name` its name on the hub, `instead` the way that needs no hub.
    """
    kinds = error_kinds(error)
    text = " ".join(str(e) for e in error_chain(error)).lower()
    page = f"https://huggingface.co/{'datasets/' if noun == 'data set' else ''}{name}"
    known = kinds & {"RevisionNotFoundError", "RepositoryNotFoundError"}
    if "GatedRepoError" in kinds or ("gated" in text and not known):
        return f"the {noun} is gated: it is given only to those who accepted its terms", (
            f"accept them on {page}, make a read token there and set HF_TOKEN to it in the environment (or log in: "
            f"hf auth login), or {instead}"
        )
    if "RevisionNotFoundError" in kinds or ("revision" in text and "exist" in text and not known):
        return f"the revision does not exist: {revision!r}", (
            f"give the full commit from {page} (Files, History) as revision"
        )
    # After the two above, which are kinds of it; before the network, since it is answered by the hub.
    if kinds & {"RepositoryNotFoundError", "DatasetNotFoundError"}:
        return f"the hub has no such {noun}, or not for you", (
            "check the name; what is private needs HF_TOKEN in the environment"
        )
    if kinds & OFFLINE:
        kind = " --repo-type dataset" if noun == "data set" else ""
        return f"the {noun} is not on this machine, and the hub cannot be reached", (
            f"check the network (and that HF_HUB_OFFLINE is not set), get it where there is network "
            f"(hf download {name}{kind} --revision {revision}), or {instead}"
        )
    return None
