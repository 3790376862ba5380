"""Faults that can be switched on while a fake runs, each limited to some requests."""

import gzip
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Generic, TypedDict, TypeVar, Unpack

from .server import Reply

T = TypeVar("T")


class Limits(TypedDict, total=False):
    """Which requests a fault applies to; patterns are those of `fnmatch`."""

    kind: str
    """Hub: api, resolve or cdn, or finer: info, tree, auth-check. S3: an operation such as UploadPart."""
    path: str
    """Hub: `path` or `repo/path`. S3: the key, or the prefix of a listing."""
    method: str
    times: int
    """How often it strikes; for ever if left out."""
    after: int
    """How many matching requests are let through first."""


@dataclass(frozen=True)
class Target:
    """What a fault is matched against."""

    method: str
    kinds: tuple[str, ...]
    paths: tuple[str, ...]


@dataclass
class Fault(Generic[T]):
    """One fault: what it changes, when, and how often it was applied."""

    change: Callable[[T], T]
    applies: Callable[[T], bool]
    limits: Limits
    seen: int = 0
    hits: int = 0

    def matches(self, target: Target, reply: T) -> bool:
        """Whether it may apply to this request."""
        kind, path = self.limits.get("kind", "*"), self.limits.get("path", "*")
        return (
            fnmatchcase(target.method, self.limits.get("method", "*"))
            and any(fnmatchcase(each, kind) for each in target.kinds)
            and any(fnmatchcase(each, path) for each in target.paths)
            and self.applies(reply)
        )

    def strikes(self) -> bool:
        """Count this request, and return whether the fault applies."""
        self.seen += 1
        if self.seen <= self.limits.get("after", 0) or self.hits >= self.limits.get("times", self.hits + 1):
            return False
        self.hits += 1
        return True


@dataclass
class Faults(Generic[T]):
    """The faults that are switched on."""

    active: list[Fault[T]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, change: Callable[[T], T], limits: Limits, applies: Callable[[T], bool] | None = None) -> Fault[T]:
        """Switch on a fault of your own."""
        fault = Fault(change, applies or (lambda _: True), limits)
        with self._lock:
            self.active.append(fault)
        return fault

    def clear(self) -> None:
        """Switch everything off."""
        with self._lock:
            self.active.clear()

    def apply(self, target: Target, reply: T) -> T:
        """Apply every matching fault to `reply`."""
        with self._lock:
            for fault in self.active:
                if fault.matches(target, reply) and fault.strikes():
                    reply = fault.change(reply)
        return reply


def refusal(status: int, code: str = "", message: str = "", headers: dict[str, str] | None = None) -> Reply:
    """Answer as the Hub does: the reason is in headers."""
    reply = Reply.of(b'{"error":"%s"}' % (message or code).encode(), "application/json", status)
    reply.headers |= {"X-Error-Code": code} if code else {}
    reply.headers |= {"X-Error-Message": message} if message else {}
    reply.headers |= headers or {}
    return reply


class HubFaults(Faults[Reply]):
    """What can go wrong with a Hub; every call returns the fault, whose `hits` can be read."""

    def answer(self, status: int, code: str = "", message: str = "", **limits: Unpack[Limits]) -> Fault[Reply]:
        """Refuse with this status, X-Error-Code and X-Error-Message."""
        return self.add(lambda _: refusal(status, code, message), limits)

    def unavailable(self, **limits: Unpack[Limits]) -> Fault[Reply]:
        """503."""
        return self.answer(503, "", "Service Unavailable", **limits)

    def broken(self, **limits: Unpack[Limits]) -> Fault[Reply]:
        """500."""
        return self.answer(500, "", "Internal Error", **limits)

    def limited(self, reset: int = 1, **limits: Unpack[Limits]) -> Fault[Reply]:
        """429, with the headers that say when the window ends."""
        headers = {"RateLimit": f'"api";r=0;t={reset}', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'}
        return self.add(lambda _: refusal(429, "", "Too Many Requests", headers), limits)

    def gated(self, status: int = 403, **limits: Unpack[Limits]) -> Fault[Reply]:
        """401 (no token) or 403 (not approved), with GatedRepo."""
        return self.answer(status, "GatedRepo", "Access to this model is restricted.", **limits)

    def invalid_token(self, **limits: Unpack[Limits]) -> Fault[Reply]:
        """401 as for a token that is wrong or has expired."""
        return self.answer(401, "", "Invalid credentials in Authorization header", **limits)

    def unauthorized(self, **limits: Unpack[Limits]) -> Fault[Reply]:
        """401 without a reason."""
        return self.answer(401, **limits)

    def repo_gone(self, **limits: Unpack[Limits]) -> Fault[Reply]:
        """404 RepoNotFound."""
        return self.answer(404, "RepoNotFound", "Repository not found", **limits)

    def revision_gone(self, **limits: Unpack[Limits]) -> Fault[Reply]:
        """404 RevisionNotFound; `kind="resolve", after=K` lets a commit vanish after K files."""
        return self.answer(404, "RevisionNotFound", "Invalid rev id", **limits)

    def entry_gone(self, **limits: Unpack[Limits]) -> Fault[Reply]:
        """404 EntryNotFound."""
        return self.answer(404, "EntryNotFound", "Entry not found", **limits)

    def disabled(self, **limits: Unpack[Limits]) -> Fault[Reply]:
        """403 as for a repository that was disabled."""
        return self.answer(403, "", "Access to this resource is disabled.", **limits)

    def hang(self, seconds: float = 600, **limits: Unpack[Limits]) -> Fault[Reply]:
        """Accept, and never answer."""
        return self.add(lambda reply: replace(reply, hang=seconds), limits)

    def header(self, name: str, value: str | None, **limits: Unpack[Limits]) -> Fault[Reply]:
        """Send this header with another value, or not at all."""

        def change(reply: Reply) -> Reply:
            kept = {key: text for key, text in reply.headers.items() if key.lower() != name.lower()}
            return replace(reply, headers=kept | ({} if value is None else {name: value}))

        return self.add(change, limits)

    def cut(self, at: int, *, reset: bool = False, **limits: Unpack[Limits]) -> Fault[Reply]:
        """Close the connection after `at` bytes of a file's body."""
        return self.add(
            lambda reply: replace(reply, cut=at, reset=reset), limits, lambda r: r.is_file and r.length > at
        )

    def flip(self, at: int, **limits: Unpack[Limits]) -> Fault[Reply]:
        """Send a wrong byte at this offset of the file."""

        def change(reply: Reply) -> Reply:
            return replace(reply, chunks=_flipped(reply, at))

        return self.add(change, limits, lambda r: r.is_file and r.start <= at < r.start + r.length)

    def short(self, by: int, **limits: Unpack[Limits]) -> Fault[Reply]:
        """Send a body that is some bytes short, with a Content-Length that agrees with it."""
        return self.add(lambda r: replace(r, length=r.length - by), limits, lambda r: r.is_file and r.length >= by)

    def whole(self, **limits: Unpack[Limits]) -> Fault[Reply]:
        """Ignore Range: 200 and the whole file."""
        return self.add(lambda r: r.full() if r.full else r, limits, lambda r: r.is_file and r.status == 206)

    def wrong_total(self, total: int, **limits: Unpack[Limits]) -> Fault[Reply]:
        """Claim another size of the file in Content-Range."""

        def change(reply: Reply) -> Reply:
            claimed = reply.headers["Content-Range"].rpartition("/")[0]
            return replace(reply, headers=reply.headers | {"Content-Range": f"{claimed}/{total}"})

        return self.add(change, limits, lambda reply: "Content-Range" in reply.headers)

    def gzipped(self, **limits: Unpack[Limits]) -> Fault[Reply]:
        """Compress a file's body although nobody asked for it."""

        def change(reply: Reply) -> Reply:
            body = gzip.compress(b"".join(reply.chunks))
            return replace(
                reply, chunks=(body,), length=len(body), headers=reply.headers | {"Content-Encoding": "gzip"}
            )

        return self.add(change, limits, lambda reply: reply.is_file)

    def drip(self, rate: int, **limits: Unpack[Limits]) -> Fault[Reply]:
        """Send a file's body at this many bytes per second."""
        return self.add(lambda reply: replace(reply, rate=rate), limits, lambda reply: reply.is_file)


def _flipped(reply: Reply, at: int) -> Iterator[bytes]:
    start = reply.start
    for chunk in reply.chunks:
        if start <= at < start + len(chunk):
            wrong = bytearray(chunk)
            wrong[at - start] ^= 0xFF
            yield bytes(wrong)
        else:
            yield chunk
        start += len(chunk)
