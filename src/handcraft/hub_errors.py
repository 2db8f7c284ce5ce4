"""What went wrong with the Hugging Face hub, said once for data sets and models.

Failures are known by their classes; by their text only where `datasets` and `transformers` raise a class of their own
for several failures (a gated data set and one without the revision are both a DatasetNotFoundError).
"""

from json import JSONDecodeError
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
    from httpx2 import RemoteProtocolError, TransportError
    from huggingface_hub import constants, errors

    missing: list[type[Exception]] = [errors.RepositoryNotFoundError]
    if noun == "data set":
        from datasets.exceptions import DatasetNotFoundError

        missing.append(DatasetNotFoundError)
    # OfflineModeIsEnabled is a ConnectionError; the last is raised where a file is not cached and cannot be asked for.
    offline = (ConnectionError, TimeoutError, gaierror, TransportError, errors.LocalEntryNotFoundError)
    text = " ".join(str(e) for e in error_chain(error)).lower()
    page = f"https://huggingface.co/{'datasets/' if noun == 'data set' else ''}{name}"
    known = caused_by(error, errors.RevisionNotFoundError, errors.RepositoryNotFoundError)
    if caused_by(error, errors.HFValidationError):
        return f"{name!r} cannot be the name of a {noun} on the hub", f"give it as owner/name, or {instead}"
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
    if told := _refusal(error, noun, instead):
        return told
    again = "check the network, and run the same command again"
    if caused_by(error, errors.FileMetadataError, JSONDecodeError):
        return f"what answers at {constants.ENDPOINT} is not a hub", (
            "check whether the network wants a login or a proxy (open the address in a browser), and that HF_ENDPOINT "
            f"is not set or right, or {instead}"
        )
    if "consistency check failed" in text:
        return f"a file of the {noun} came in another size than the hub announced", f"{again}, or {instead}"
    # Before the network: the hub was reached.
    if caused_by(error, RemoteProtocolError):
        return (
            f"the connection to the hub broke off before all of the {noun} was there",
            f"{again}, or {instead}",
        )
    if caused_by(error, *offline):
        # A data set is streamed, so what lies in the hub's cache is no help.
        download = f"get it where there is network (hf download {name} --revision {revision}), "
        return f"the {noun} is not on this machine, and the hub cannot be reached", (
            "check the network (and that HF_HUB_OFFLINE is not set), "
            f"{download if noun == 'model' else ''}or {instead}"
        )
    return None


def _refusal(error: BaseException, noun: str, instead: str) -> tuple[str, str] | None:
    """The same for an answer of the hub that is no."""
    from huggingface_hub.errors import HfHubHTTPError

    answer = next((link for link in error_chain(error) if isinstance(link, HfHubHTTPError)), None)
    status = answer.response.status_code if answer is not None else 0
    wait = "wait some minutes and run the same command again"
    if status == 401:
        return "the hub does not accept the token that it was given, or wants one", (
            "set HF_TOKEN to a valid one, or unset it and log out (hf auth logout): what is public needs none"
        )
    if status == 403:
        said = f" ({answer.server_message})" if answer is not None and answer.server_message else ""
        return f"the hub refuses the {noun}{said}", (
            "check that the token in HF_TOKEN may read it (a fine-grained one needs the right to read gated "
            f"repositories), and that no proxy forbids it, or {instead}"
        )
    if status == 429:
        return "the hub has had too many requests from here", (
            f"{wait}, give a token in HF_TOKEN (more are allowed with one), or {instead}"
        )
    if status >= 500:
        return f"the hub is out of order: it answers with status {status}", f"{wait}, or {instead}"
    return None
