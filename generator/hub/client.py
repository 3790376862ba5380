"""The Hugging Face Hub. Only this module imports huggingface_hub, and only when the first request is made.

huggingface_hub sets no time limit and retries only some calls. Here, every request has a time limit, failures are
retried or explained by this project's rules, and no message repeats a URL or a token.
"""

import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, TypedDict, TypeVar
from urllib.parse import urlsplit

from generator.hub.answers import Description, commit_of, file_of, license_of
from generator.hub.errors import BUSY, Endpoint, HubError, Request, refused, unanswered
from generator.hub.files import ModelFile
from generator.proxies import proxy_of
from generator.retry import RetryPolicy, retry
from generator.yaml.read import printable

if TYPE_CHECKING:
    import httpx2
    from huggingface_hub import HfApi, HfFileMetadata

__all__ = ["USUAL", "Description", "Hub", "HubError", "Location", "of_environment", "trusted"]

_T = TypeVar("_T")
PUBLIC: Final = "https://huggingface.co"
_NAME: Final = "rhoai-model-gitops"
_CONNECT_S: Final = 10
USUAL: Final = RetryPolicy(read_timeout_s=20, attempts=5, wait_max_s=15, timeout_s=90)
_STEP: Final = 1 << 16
_REFUSED: Final = 400


class Location(NamedTuple):
    """Where a file can be downloaded. The headers hold the token only if the URL is the Hub's own."""

    url: str
    headers: dict[str, str]
    etag: str
    size: int
    commit: str


class Hub:
    """A client of the Hub's API. Its methods may be called from several threads; all raise HubError."""

    def __init__(
        self,
        endpoint: str | None = None,
        token: str | None = None,
        ca: Path | None = None,
        *,
        retry_policy: RetryPolicy = USUAL,
    ) -> None:
        url = (endpoint or PUBLIC).rstrip("/")
        self._token = token or None
        self._ca, self._retry_policy = ca, retry_policy
        self.endpoint = Endpoint(url, self._token is not None, retry_policy.read_timeout_s)
        self._api: HfApi | None = None
        self._unreachable: HubError | None = None
        self._opening = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._api is not None:
            from huggingface_hub import close_session  # noqa: PLC0415 - as below

            close_session()

    def _open(self) -> "HfApi":
        """The client. A sync with nothing to do never needs it."""
        self.endpoint.require_address()
        with self._opening:
            if self._api is None:
                os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # read when huggingface_hub is imported
                import huggingface_hub  # noqa: PLC0415 - a fifth of a second

                huggingface_hub.set_client_factory(lambda: _client(self._ca, self._retry_policy.read_timeout_s))
                self._api = huggingface_hub.HfApi(endpoint=self.endpoint.url, token=self._token or False, **_agent())
            return self._api

    def head(self, repo: str, revision: str | None = None) -> str:
        """The commit at which a branch or tag, or else the default branch, stands now."""
        request = Request(repo, revision)
        return commit_of(request, self._ask(request, lambda api: api.model_info(repo, revision=revision)).sha)

    def describe(self, repo: str, commit: str) -> Description:
        """What the repository says of itself."""
        request = Request(repo, commit)
        info = self._ask(request, lambda api: api.model_info(repo, revision=commit))
        if info.sha != commit:
            raise HubError(f"the Hub answered for a different commit than that of {request}")
        return Description(license_of(info), bool(info.gated))

    def tree(self, repo: str, commit: str) -> tuple[ModelFile, ...]:
        """Every file, sorted by path. Raises HubError rather than return a part."""
        request = Request(repo, commit)

        def rows(api: "HfApi") -> list[ModelFile]:
            from huggingface_hub import RepoFile  # noqa: PLC0415 - as above

            listed = api.list_repo_tree(repo, recursive=True, revision=commit)
            return [file_of(row) for row in listed if isinstance(row, RepoFile)]

        files = sorted(self._ask(request, rows))
        if strange := [file.path for file in files if printable(file.path) != file.path]:
            message = f"{request} has a file whose name cannot be locked: {strange[0]!r}"
            raise HubError(message, hint="choose another repository")
        return tuple(files)

    def read(self, repo: str, commit: str, path: str, most_bytes: int) -> bytes:
        """A small file's content. Raises HubError if it is larger than `most_bytes`."""
        request = Request(repo, commit, path)
        content = self._ask(request, lambda _: self._start(request, most_bytes + 1, {}))
        if len(content) > most_bytes:
            raise HubError(f"{request} is larger than {most_bytes:,} bytes, the most that is read")
        return content

    def read_start(self, repo: str, commit: str, path: str, length: int) -> bytes:
        """The first bytes of a file, fewer only when it is shorter."""
        request = Request(repo, commit, path)
        return self._ask(request, lambda _: self._start(request, length, {"Range": f"bytes=0-{length - 1}"}))

    def direct(self, repo: str, commit: str, file: ModelFile) -> Location:
        """Where a file that is read in one request can be asked for, without a request to find out.

        The Hub answers with a small file itself, and with a redirect for a large one. The token is for the Hub only.
        """
        self._open()
        headers = {**self._headers(), **_IDENTITY}
        url = self._url(Request(repo, commit, file.path))
        return Location(url, headers, file.sha256 or file.git_sha1 or "", file.size, commit)

    def locate(self, repo: str, commit: str, path: str) -> Location:
        """Where the file can be read now; found by a HEAD that does not leave the Hub."""
        request = Request(repo, commit, path)
        found = self._ask(request, lambda _: self._head(request))
        if found.commit_hash != commit or found.etag is None or found.size is None:
            raise HubError(f"the Hub's answer for {request} has no commit, digest or size")
        own = urlsplit(found.location)[:2] == urlsplit(self.endpoint.url)[:2]
        headers = {**(self._headers() if own else {}), **_IDENTITY}
        return Location(found.location, headers, found.etag, found.size, commit)

    def _head(self, request: Request) -> "HfFileMetadata":
        from huggingface_hub import get_hf_file_metadata  # noqa: PLC0415 - as above

        url, token = self._url(request), self._token or False
        return get_hf_file_metadata(url, token=token, endpoint=self.endpoint.url, **_agent())

    def _url(self, request: Request) -> str:
        from huggingface_hub import hf_hub_url  # noqa: PLC0415 - as above

        return hf_hub_url(request.repo, request.path or "", revision=request.commit, endpoint=self.endpoint.url)

    def _headers(self) -> dict[str, str]:
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # noqa: PLC0415 - in its __all__

        return build_hf_headers(token=self._token or False, **_agent())

    def _start(self, request: Request, length: int, more: dict[str, str]) -> bytes:
        from huggingface_hub import get_session  # noqa: PLC0415 - as above

        content = bytearray()
        headers = {**self._headers(), **_IDENTITY, **more}
        with get_session().stream("GET", self._url(request), headers=headers) as response:
            for chunk in response.iter_bytes(_STEP):
                content += chunk
                if len(content) >= length:
                    break
        return bytes(content[:length])

    def _ask(self, request: Request, call: Callable[["HfApi"], _T]) -> _T:
        """Call the Hub under the retry policy."""
        if self._unreachable:
            raise self._unreachable
        api, failures = self._open(), _failures()

        def once() -> _T:
            try:
                return call(api)
            except failures as error:
                raise _explained(error, request, self) from None  # the cause's text holds URLs, which may be signed

        try:
            return retry(once, self._retry_policy, (HubError,))
        except HubError as error:
            if error.everywhere:
                self._unreachable = error
            raise


class _Agent(TypedDict):
    library_name: str
    library_version: str


@cache  # the version is looked up in the file system
def _agent() -> _Agent:
    """The user agent."""
    from importlib.metadata import version  # noqa: PLC0415 - as huggingface_hub

    return {"library_name": _NAME, "library_version": version(_NAME)}


_IDENTITY: Final = {"Accept-Encoding": "identity"}


def _client(ca: Path | None, timeout_s: float) -> "httpx2.Client":
    """An HTTP client with time limits that raises for every error status, so that huggingface_hub does not retry."""
    import httpx2  # noqa: PLC0415 - as huggingface_hub
    from huggingface_hub.utils import hf_raise_for_status  # type: ignore[attr-defined]  # noqa: PLC0415
    from huggingface_hub.utils._http import hf_request_event_hook  # noqa: PLC0415 - private: test_hub.py names it

    limits = {"connect": min(_CONNECT_S, timeout_s), "read": timeout_s, "write": timeout_s, "pool": timeout_s}

    class Client(httpx2.Client):
        def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
            request.extensions = {**request.extensions, "timeout": limits}
            try:
                response = super().send(request, **options)
            except httpx2.TransportError as error:
                raise _UnansweredError(error) from None
            if response.status_code >= _REFUSED:
                response.read()
                hf_raise_for_status(response)
            return response

    verify: Any = True
    if ca is not None:
        import ssl  # noqa: PLC0415 - as above

        verify = ssl.create_default_context(cafile=str(ca))
    return Client(event_hooks={"request": [hf_request_event_hook]}, follow_redirects=True, verify=verify)


class _UnansweredError(Exception):
    """No answer came; wrapped so that huggingface_hub does not retry it by its own rules."""

    def __init__(self, cause: "httpx2.TransportError") -> None:
        super().__init__()
        self.cause = cause


def _failures() -> tuple[type[Exception], ...]:
    """What huggingface_hub may raise; for an unexpected answer, one of the last three."""
    import httpx2  # noqa: PLC0415 - as huggingface_hub

    return (_UnansweredError, httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError, KeyError, TypeError)


def _window_s(error: Exception) -> float:
    """Seconds until the rate limit's window ends; 0 if no limit was reached."""
    response = getattr(error, "response", None)
    if response is not None and response.status_code == BUSY:
        from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]  # noqa: PLC0415

        window = parse_ratelimit_headers(response.headers)
        if window is not None and window.remaining == 0:
            return float(window.reset_in_seconds + 1)
    return 0


def _explained(error: Exception, request: Request, hub: Hub) -> HubError:
    """The error in words that hold no URL."""
    if isinstance(error, _UnansweredError):
        return unanswered(type(error.cause).__name__, str(error.cause), hub.endpoint, proxy_of(hub.endpoint.url))
    status = getattr(getattr(error, "response", None), "status_code", None)
    return refused(type(error).__name__, status, request, hub.endpoint, _window_s(error))


def trusted(environ: Mapping[str, str]) -> str | None:
    """The file of the CA that is trusted instead of the system's, for the Hub and where its files are."""
    return environ.get("SSL_CERT_FILE") or environ.get("REQUESTS_CA_BUNDLE") or None


def of_environment(environ: Mapping[str, str], retry_policy: RetryPolicy = USUAL) -> Hub:
    """The Hub that HF_ENDPOINT names, asked with HF_TOKEN, and trusted by the CA of SSL_CERT_FILE where that is set."""
    ca = trusted(environ)
    return Hub(environ.get("HF_ENDPOINT"), environ.get("HF_TOKEN"), Path(ca) if ca else None, retry_policy=retry_policy)
