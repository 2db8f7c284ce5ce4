"""A hub on this machine: what the clients of the Hugging Face hub ask for over HTTP, and what can go wrong with it.

Repositories are directories. As on the hub, large files (`LARGE`) are given by a second host, to which the hub
redirects (here the same server by its other name, localhost), and are named by their SHA-256, others by git's hash.
Faults are switched on for a repository or for some of its paths. All requests for a repository are kept.
"""

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote, urlsplit

MEMBER, STRANGER = "hf_member", "hf_stranger"
"""The tokens that the hub knows: of one who may read what is gated, and of one who may not. It refuses others."""
LARGE = (".safetensors", ".parquet")
ROUTES = (
    re.compile(
        r"/api/(?P<kind>models|datasets)/(?P<name>[^/]+/[^/]+)"
        r"(?:/(?P<what>revision|tree|paths-info|xet-read-token)/(?P<revision>[^/]+)(?:/(?P<path>.*))?)?"
    ),
    re.compile(
        r"/(?:(?P<kind>datasets)/)?(?P<name>[^/]+/[^/]+)/(?P<what>resolve)/(?P<revision>[^/]+)/(?P<path>.+)"
    ),
    re.compile(r"/(?P<what>storage)/(?P<kind>models|datasets)/(?P<name>[^/]+/[^/]+)/(?P<path>.+)"),
)
PAGE = b"<!DOCTYPE html><html><title>Welcome</title><p>Log in to use this network.</html>"


@dataclass(frozen=True)
class Fault:
    """What goes wrong where it is switched on, and how many times (None: always)."""

    status: int = 0
    """The hub answers with this status."""
    retry_after: int | None = None
    cut: int | None = None
    """No byte of a file from this one on is sent (with `at="/storage/"`): the connection is closed."""
    delay: float = 0.0
    """Seconds before the answer."""
    content: bytes | None = None
    """Sent in place of a file, whose size and hash are told as they are."""
    size: int | None = None
    """Told as the size of a file."""
    page: bool = False
    """A web page in place of any answer, with status 200: a network that wants a login."""
    times: int | None = None


@dataclass(frozen=True)
class Asked:
    """A request, and how many bytes of an answer were sent."""

    method: str
    path: str
    range: str = ""
    token: str = ""
    body: bytes = b""
    status: int = 0
    sent: int = 0


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    stop: int | None = None
    """Bytes of the body after which the connection is closed."""


@dataclass
class Repository:
    """The files of a model or a data set at one commit."""

    name: str
    directory: Path
    revision: str
    gated: bool
    faults: list[tuple[str, Fault]] = field(default_factory=list)

    def paths(self) -> list[str]:
        files = (p for p in sorted(self.directory.rglob("*")) if p.is_file())
        return [p.relative_to(self.directory).as_posix() for p in files]

    def read(self, path: str) -> bytes:
        return (self.directory / path).read_bytes()

    def etag(self, path: str) -> str:
        """What the hub names a file's content by."""
        content = self.read(path)
        if path.endswith(LARGE):
            return hashlib.sha256(content).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

    def entry(self, path: str) -> dict[str, object]:
        """A file or a folder as the hub lists it."""
        if path not in self.paths():
            return {"type": "directory", "path": path, "oid": "0" * 40, "size": 0}
        size = len(self.read(path))
        entry = {"type": "file", "path": path, "oid": self.etag(path)[:40], "size": size}
        large = {"lfs": {"oid": self.etag(path), "size": size, "pointerSize": 130}}
        return entry | (large if path.endswith(LARGE) else {})

    def below(self, folder: str, recursive: bool) -> list[str]:
        """Paths of files and folders in a folder ("" is all)."""
        found = set()
        for path in self.paths():
            parts = path.split("/")
            found |= {"/".join(parts[: i + 1]) for i in range(len(parts))}
        start = f"{folder}/" if folder else ""
        inside = [p for p in sorted(found) if p.startswith(start)]
        return [p for p in inside if recursive or "/" not in p.removeprefix(start)]


class Hub:
    """A server for the time of a `with` block, at `endpoint`."""

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.moved: dict[str, str] = {}
        self.asked: list[Asked] = []
        self._lock = threading.Lock()

    def __enter__(self) -> "Hub":
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        # Stopping waits for one interval.
        serve = {"target": self._server.serve_forever, "kwargs": {"poll_interval": 0.05}}
        threading.Thread(**serve, daemon=True).start()  # type: ignore[arg-type]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add_model(self, name: str, directory: Path, revision: str, gated: bool = False) -> Repository:
        return self._add("models", Repository(name, directory, revision, gated))

    def add_dataset(self, name: str, directory: Path, revision: str, gated: bool = False) -> Repository:
        return self._add("datasets", Repository(name, directory, revision, gated))

    def _add(self, kind: str, repository: Repository) -> Repository:
        self.repositories[kind, repository.name] = repository
        return repository

    @contextmanager
    def fails(self, repository: Repository, fault: Fault, at: str = "") -> Iterator[None]:
        """Switch on a fault for all requests of a repository whose path has `at` in it."""
        repository.faults.append((at, fault))
        try:
            yield
        finally:
            repository.faults.clear()

    def requests(self, name: str, method: str = "") -> list[Asked]:
        """What was asked of a repository."""
        return [a for a in self.asked if f"/{name}/" in f"{a.path}/" and method in a.method]

    def sent(self, name: str, file: str = "") -> int:
        """Bytes of files that were sent of a repository; of one file, if it is named."""
        asked = self.requests(name, "GET")
        return sum(
            a.sent for a in asked if re.search(r"/(resolve|storage)/", a.path) and a.path.endswith(file)
        )

    def answer(self, asked: Asked) -> Answer:
        """The answer to a request, after what goes wrong with it."""
        path, route = unquote(urlsplit(asked.path).path), _route(asked)
        if route is None:
            return _error(404, "", f"Cannot {asked.method} {path}")
        kind, name = route["kind"] or "models", route["name"]
        if name in self.moved:
            return Answer(307, headers={"Location": asked.path.replace(name, self.moved[name], 1)})
        repository = self.repositories.get((kind, name))
        fault = self._fault(repository, path, asked) if repository else Fault()
        time.sleep(fault.delay)
        if fault.page:
            return Answer(200, PAGE, {"Content-Type": "text/html"})
        if fault.status:
            waits = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return _error(fault.status, "", "the hub is busy", waits)
        if route["what"] != "storage" and (refused := _refusal(repository, asked.token, route)):
            return refused
        assert repository is not None
        if route["what"] == "storage":
            return _content(repository, route["path"], fault, asked.range)
        if route["what"] == "resolve":
            return self._resolve(repository, kind, route["path"], fault, asked.range)
        return _listing(repository, route, asked)

    def _fault(self, repository: Repository, path: str, asked: Asked) -> Fault:
        """The first fault that concerns a request, which is one time less from now on."""
        with self._lock:
            for i, (at, fault) in enumerate(repository.faults):
                if at in path and fault.times != 0 and _concerns(fault, asked):
                    if fault.times is not None:
                        repository.faults[i] = (at, replace(fault, times=fault.times - 1))
                    return fault
        return Fault()

    def _resolve(self, repository: Repository, kind: str, path: str, fault: Fault, span: str) -> Answer:
        """A file, or for a large one the redirect to where it is."""
        told = {"X-Repo-Commit": repository.revision}
        if path not in repository.paths():
            return _error(404, "EntryNotFound", "Entry not found", told)
        if not path.endswith(LARGE):
            found = _content(repository, path, fault, span)
            return replace(found, headers=found.headers | told)
        size = len(repository.read(path)) if fault.size is None else fault.size
        there = f"http://localhost:{self.port}/storage/{kind}/{repository.name}/{path}"
        linked = {
            "X-Linked-Size": str(size),
            "X-Linked-Etag": f'"{repository.etag(path)}"',
            "Location": there,
        }
        return Answer(302, headers=told | linked)


def _route(asked: Asked) -> dict[str, str] | None:
    """What a request is for; None where it is for nothing of a repository."""
    path = unquote(urlsplit(asked.path).path)
    return next((m.groupdict() for r in ROUTES if (m := r.fullmatch(path))), None)


def _concerns(fault: Fault, asked: Asked) -> bool:
    """Wrong bytes of a file concern only those who want bytes; a cut, those who want what is behind it."""
    if fault.content is None and fault.cut is None:
        return True
    last = re.fullmatch(r"bytes=\d+-(\d+)", asked.range)
    return asked.method == "GET" and (last is None or int(last[1]) >= (fault.cut or 0))


def _refusal(repository: Repository | None, token: str, route: dict[str, str]) -> Answer | None:
    """Why a token may not have what it asks for; the hub tells strangers nothing of what it does not have."""
    if token not in ("", MEMBER, STRANGER):
        return _error(401, "", "Invalid credentials in Authorization header")
    if repository is None:
        return _error(404 if token else 401, "RepoNotFound", "Repository not found")
    if route["revision"] not in (None, "main", repository.revision):
        return _error(404, "RevisionNotFound", f"Invalid rev id: {route['revision']}")
    if repository.gated and route["what"] == "resolve" and token != MEMBER:
        return _error(403 if token else 401, "GatedRepo", f"Access to {repository.name} is restricted.")
    return None


def _listing(repository: Repository, route: dict[str, str], asked: Asked) -> Answer:
    """What the hub says of a repository, its folders and files."""
    if route["what"] == "tree":
        paths = repository.below(route["path"] or "", "recursive=true" in asked.path.lower())
        if route["path"] and not paths:
            return _error(404, "EntryNotFound", f"{route['path']} does not exist")
        return _json([repository.entry(p) for p in paths])
    if route["what"] == "paths-info":
        known = repository.below("", True)
        paths = [unquote(p.replace("+", " ")) for p in re.findall(r"paths=([^&]*)", asked.body.decode())]
        return _json([repository.entry(p) for p in paths if p in known])
    if route["what"] == "xet-read-token":
        return _error(404, "", "This repository is stored without Xet")
    info = {"id": repository.name, "sha": repository.revision, "private": False, "tags": [], "downloads": 0}
    sizes = "blobs=true" in asked.path.lower()
    siblings = [
        {"rfilename": p} | ({"size": len(repository.read(p))} if sizes else {}) for p in repository.paths()
    ]
    return _json(info | {"siblings": siblings, "gated": "manual" if repository.gated else False})


def _content(repository: Repository, path: str, fault: Fault, span: str) -> Answer:
    """A file, or the part of it that is asked for, as far as nothing cuts it off."""
    body = repository.read(path) if fault.content is None else fault.content
    headers = {"ETag": f'"{repository.etag(path)}"', "Content-Type": "application/octet-stream"}
    headers["Accept-Ranges"] = "bytes"
    status, first = 200, 0
    if wanted := re.fullmatch(r"bytes=(\d+)-(\d*)", span):
        first, last = int(wanted[1]), min(int(wanted[2] or len(body)), len(body) - 1)
        if first >= len(body):
            return _error(416, "", "Range Not Satisfiable", {"Content-Range": f"bytes */{len(body)}"})
        headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
        status, body = 206, body[first : last + 1]
    stop = None if fault.cut is None else max(0, fault.cut - first)
    return Answer(status, body, headers, stop if stop is not None and stop < len(body) else None)


def _json(value: object) -> Answer:
    return Answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})


def _error(status: int, code: str, message: str, more: dict[str, str] | None = None) -> Answer:
    headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {}) | (more or {})
    return replace(_json({"error": message}), status=status, headers=headers)


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP for the hub."""

    protocol_version = "HTTP/1.1"
    # Headers and body are sent one after the other, which Nagle's algorithm would delay.
    disable_nagle_algorithm = True
    hub: Hub

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = Asked(self.command, self.path, self.headers.get("Range", ""), token, body)
        answer = self.hub.answer(asked)
        sent = b"" if self.command == "HEAD" else answer.body[: answer.stop]
        # Kept before it is sent, so that it is there once the client has the answer.
        if _route(asked):
            self.hub.asked.append(replace(asked, status=answer.status, sent=len(sent)))
        self.send_response(answer.status)
        for key, value in (answer.headers | {"Content-Length": str(len(answer.body))}).items():
            self.send_header(key, value)
        self.end_headers()
        self.close_connection = answer.stop is not None and self.command != "HEAD"
        # A client that has waited too long is gone.
        with suppress(ConnectionError):
            self.wfile.write(sent)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: `Hub.asked` has it."""
