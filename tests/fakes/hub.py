"""A fake for the Hub: the routes a download needs, and a second origin for large files."""

import itertools
import secrets
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Self, Unpack
from urllib.parse import unquote, urlsplit

from . import hub_routes
from .faults import HubFaults, Target, refusal
from .hub_state import HubRequest, HubState
from .repos import About, Content, Entry, Repo, Source, Sparse
from .server import Exchange, Loopback, Reply
from .tls import Tls

__all__ = ["FakeHub", "HubRequest", "Sparse"]


class FakeHub(HubState):
    """A Hub on the loopback; a context manager, usable at once."""

    def __init__(self, tls: Tls | None = None, *, token: str | None = None, threshold: int = 1 << 20) -> None:
        super().__init__(token=token, threshold=threshold)
        self.faults = HubFaults()
        self.ca = tls.ca if tls else None
        self._numbers = itertools.count(1)
        self._origin = Loopback(self._hub, tls)
        self._large = Loopback(self._signed, tls)
        self.endpoint = self._origin.url
        self.cdn = self._large.url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop both servers, and raise if one of them failed by itself."""
        try:
            self._origin.stop()
        finally:
            self._large.stop()

    def add(
        self,
        repo: str,
        files: Mapping[str, Source],
        *,
        commit: str | None = None,
        main: bool = True,
        lfs: Collection[str] = (),
        **about: Unpack[About],
    ) -> str:
        """Add a commit, move `main` to it, and return its id; `lfs` names small files to treat as large ones."""
        held = self.repos.setdefault(repo, Repo(repo, {}))
        held.about.update(about)
        commit = commit or f"{next(self._numbers):08x}{secrets.token_hex(16)}"
        held.commits[commit] = {}
        for path, source in files.items():
            self.rewrite(repo, commit, path, source, lfs=path in lfs)
        if main or not held.main:
            held.main = commit
        return commit

    def rewrite(self, repo: str, commit: str, path: str, source: Source, *, lfs: bool = False) -> None:
        """Change a file of a commit in place, as no Hub should."""
        content = Content(source)
        self.repos[repo].commits[commit][path] = Entry(path, content, lfs or content.size >= self.threshold)

    def forget(self, repo: str, commit: str) -> None:
        """Lose a commit, as after a force-push."""
        del self.repos[repo].commits[commit]

    def _hub(self, exchange: Exchange) -> None:
        url = urlsplit(self.endpoint + exchange.path)
        api, resolve = hub_routes.API.fullmatch(url.path), hub_routes.RESOLVE.fullmatch(url.path)
        if api:
            route = api["route"] if api["route"] in ("tree", "auth-check") else "info"
            request, token = self._received(exchange, "api", route, api["repo"])
            reply = hub_routes.api(self, request, token, api["rest"] or "", url)
        elif resolve:
            request, token = self._received(exchange, "resolve", "resolve", resolve["repo"], unquote(resolve["path"]))
            reply = hub_routes.resolve(self, request, token, unquote(resolve["revision"]), self.cdn)
        else:
            request, _ = self._received(exchange, "api", "other", "")
            reply = refusal(404, "", "Not Found")
        reply.headers.setdefault("RateLimit", f'"{request.kind}";r=2999;t=300')
        self._answer(exchange, request, reply)

    def _signed(self, exchange: Exchange) -> None:
        url = urlsplit(exchange.path)
        number = url.path.removeprefix("/large/").partition("/")[0]
        ticket = self.ticket(number)
        names = (ticket.repo, ticket.entry.path) if ticket else ("", "")
        request, _ = self._received(exchange, "cdn", "cdn", *names)
        self._answer(exchange, request, hub_routes.large(self, request, number, url.query))

    def _received(
        self, exchange: Exchange, kind: str, route: str, repo: str, file: str = ""
    ) -> tuple[HubRequest, str | None]:
        headers = {name.lower(): value for name, value in exchange.headers.items()}
        token = headers.pop("authorization", None)
        request = HubRequest(kind, route, exchange.command, exchange.path, repo, file, token is not None, headers)
        self.note(request)
        return request, token.removeprefix("Bearer ") if token else None

    def _answer(self, exchange: Exchange, request: HubRequest, reply: Reply) -> None:
        names = (request.file, f"{request.repo}/{request.file}")
        reply = self.faults.apply(Target(request.method, (request.kind, request.route), names), reply)
        request.status = 0 if reply.hang is not None else reply.status
        exchange.send(reply, request.count)
