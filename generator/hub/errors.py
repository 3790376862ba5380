"""The Hub's errors in words: what happened, and what to do. No token and no URL is repeated."""

from typing import Final, NamedTuple
from urllib.parse import urlsplit

from generator.addresses import Proxy, is_address, without_login
from generator.commits import short
from generator.retry import UNTRUSTED, RemoteError

BUSY: Final = 429
_TRANSIENT: Final = frozenset({408, BUSY, 500, 502, 503, 504})
_SERVER: Final = 500
_UNAUTHORIZED: Final = (401, 403)
_ANOTHER: Final = "choose another revision; `generator lock --upgrade NAME` moves to the newest"


class HubError(RemoteError):
    """The Hub did not give what was asked for."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        transient: bool = False,
        wait_s: float = 0,
        status: int | None = None,
        everywhere: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, transient=transient, wait_s=wait_s)
        self.status, self.everywhere = status, everywhere


class Request(NamedTuple):
    """What a request is about."""

    repo: str
    commit: str | None = None
    path: str | None = None

    def __str__(self) -> str:
        at = f" at {short(self.commit)}" if self.commit else ""
        return f"{self.path} in {self.repo}{at}" if self.path else f"{self.repo}{at}"


class Endpoint(NamedTuple):
    """Which Hub was asked, whether with a token, and how long it had to answer."""

    url: str
    authorized: bool
    timeout_s: float

    @property
    def shown(self) -> str:
        """The URL as messages may repeat it: a mirror's may hold a login."""
        return without_login(self.url)

    def require_address(self) -> None:
        """Raise HubError unless it can be a Hub: huggingface_hub would repeat parts of it, and ends."""
        if not is_address(self.url):
            hint = "write HF_ENDPOINT=https://…, and each special character of a login as %XX"
            raise HubError(f"'{self.shown}' is not a valid Hub URL", hint=hint, everywhere=True)


def refused(kind: str, status: int | None, request: Request, endpoint: Endpoint, wait_s: float) -> HubError:
    """An error status: `kind` is the class of huggingface_hub's error, `wait_s` the rest of the rate limit's window."""
    if kind in _KINDS:
        message, hint = _KINDS[kind]
        values = {
            "repo": request.repo,
            "request": request,
            "commit": request.commit,
            "page": f"{endpoint.shown}/{request.repo}",
            "who": "the account of HF_TOKEN has no access" if endpoint.authorized else "no HF_TOKEN is set",
        }
        offline = kind == "OfflineModeIsEnabled"
        return HubError(message.format(**values), hint=hint.format(**values), status=status, everywhere=offline)
    if status is None:
        message = f"the Hub's answer for {request} cannot be read ({kind})"
        return HubError(message, hint=f"check that {endpoint.shown} is a Hub")
    return _by_status(status, request, endpoint, wait_s)


_KINDS: Final = {
    "GatedRepoError": (
        "{repo} is gated, and {who}",
        "accept its terms at {page}, then run this again with a token of that account in HF_TOKEN",
    ),
    "RepositoryNotFoundError": (
        "{repo} does not exist, or is private and {who}",
        "check the name; for a private repository, set HF_TOKEN",
    ),
    "RevisionNotFoundError": ("{repo} has no commit {commit}; it may have been removed", _ANOTHER),
    "RemoteEntryNotFoundError": ("{request} does not exist; it may have been removed", _ANOTHER),
    "DisabledRepoError": ("the Hub has disabled {repo}", "see {page}, and choose another repository"),
    "OfflineModeIsEnabled": ("HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set", "unset it, and run this again"),
    "HFValidationError": ("'{repo}' is not a valid repository name", "write owner/name"),
}


def _by_status(status: int, request: Request, endpoint: Endpoint, wait_s: float) -> HubError:
    """An error known by its status alone."""
    transient = status in _TRANSIENT
    if status == BUSY:
        hint = f"run this again in {max(wait_s, 1):.0f} seconds"
        hint += "" if endpoint.authorized else ", or with HF_TOKEN, which raises the limit"
        message = "the Hub's rate limit is reached"
        return HubError(message, hint=hint, transient=True, wait_s=wait_s, status=status, everywhere=True)
    if status >= _SERVER or transient:
        message = f"the Hub answered {status} for {request}"
        return HubError(message, hint="run this again later", transient=transient, status=status)
    if status in _UNAUTHORIZED and endpoint.authorized:
        message = f"the Hub refuses HF_TOKEN for {request.repo}: it is invalid, has expired, or lacks access"
        hint = f"create a new one at {endpoint.shown}/settings/tokens"
    elif status in _UNAUTHORIZED:
        message, hint = f"the Hub requires a token for {request.repo}", "set HF_TOKEN, and run this again"
    else:
        message, hint = f"the Hub answered {status} for {request}", f"check that {endpoint.shown} is a Hub"
    return HubError(message, hint=hint, status=status)


def unanswered(kind: str, said: str, endpoint: Endpoint, proxy: Proxy | None) -> HubError:
    """No answer: `kind` is the class of the HTTP client's error, `said` its text, which is not repeated."""
    host = urlsplit(endpoint.shown).netloc
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return HubError(f"the certificate of {host} is not trusted", hint=UNTRUSTED, everywhere=True)
    if proxy and kind in _CONNECTING and "SSL" not in said:
        message = f"{proxy} cannot be reached" if kind != "ProxyError" else f"{proxy} does not connect to {host}"
        return HubError(message, hint=proxy.hint, transient=True, everywhere=True)
    if kind.endswith("Timeout"):
        message = f"{host} did not answer within {endpoint.timeout_s:g} seconds"
    else:
        message = f"{host} cannot be reached, or closed the connection ({kind})"
    return HubError(message, hint="check the network, the proxy and HF_ENDPOINT", transient=True, everywhere=True)


# With a proxy, it is the proxy to which a connection is made.
_CONNECTING: Final = frozenset({"ConnectError", "ConnectTimeout", "ProxyError"})
