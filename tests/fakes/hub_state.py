"""The state of a fake Hub: settings, repositories, signed URLs, and the requests it received."""

import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from .repos import Entry, Repo


@dataclass
class HubRequest:
    """One request as it was received, and how it ended."""

    kind: str
    """api, resolve or cdn."""
    route: str
    """info, tree, auth-check, resolve, cdn or other."""
    method: str
    path: str
    repo: str
    file: str
    authorized: bool
    """Whether it carried an Authorization header."""
    headers: dict[str, str]
    """The other headers, by lower-case name."""
    status: int = 0
    """Stays 0 when no answer was given."""
    sent: int = 0
    """Bytes of the body that went out, or are about to."""

    def count(self, size: int) -> None:
        """Count bytes of the body."""
        self.sent += size

    @property
    def range(self) -> str | None:
        """The Range that was asked for."""
        return self.headers.get("range")


@dataclass
class Ticket:
    """A signed URL that was given out."""

    repo: str
    entry: Entry
    until: float
    uses: int | None
    signature: str = field(default_factory=lambda: secrets.token_hex(16))


class HubState:
    """The settings, which may change at any time, and the log."""

    def __init__(self, *, token: str | None = None, threshold: int = 1 << 20) -> None:
        self.token = token
        """The only valid token; None: every token is valid."""
        self.approved = True
        """Whether that token may read gated repositories."""
        self.threshold = threshold
        """From this size on a file is a large one."""
        self.page_size = 1000
        """Rows of the tree in one answer."""
        self.signed_seconds = 3600.0
        """How long a signed URL lives."""
        self.signed_uses: int | None = None
        """How often a signed URL works."""
        self.signed_path = "*"
        """Files (pattern) that the two knobs above are for."""
        self.repos: dict[str, Repo] = {}
        self.requests: list[HubRequest] = []
        self._tickets: dict[str, Ticket] = {}
        self._lock = threading.Lock()

    def seen(self, kind: str = "*", *, method: str = "*", path: str = "*") -> list[HubRequest]:
        """The requests of this kind or route, method and file (patterns)."""
        with self._lock:
            return [
                request
                for request in self.requests
                if (fnmatchcase(request.kind, kind) or fnmatchcase(request.route, kind))
                and fnmatchcase(request.method, method)
                and fnmatchcase(request.file, path)
            ]

    @property
    def counts(self) -> Counter[str]:
        """How many requests of each kind."""
        return Counter(request.kind for request in self.seen())

    def sent(self, kind: str = "*", *, path: str = "*") -> int:
        """How many bytes of bodies were sent."""
        return sum(request.sent for request in self.seen(kind, path=path))

    def reset(self) -> None:
        """Forget the requests, keep everything else."""
        with self._lock:
            self.requests.clear()

    def note(self, request: HubRequest) -> None:
        """Remember a request."""
        with self._lock:
            self.requests.append(request)

    def sign(self, repo: str, entry: Entry) -> str:
        """Give out a signed path for a large file."""
        with self._lock:
            limited = fnmatchcase(entry.path, self.signed_path)
            seconds = self.signed_seconds if limited else 3600.0
            ticket = Ticket(repo, entry, time.monotonic() + seconds, self.signed_uses if limited else None)
            number = f"{len(self._tickets):08x}"
            self._tickets[number] = ticket
        query = f"X-Amz-Expires={int(seconds)}&X-Amz-Signature={ticket.signature}"
        return f"/large/{number}/{entry.content.sha256}?{query}"

    def ticket(self, number: str) -> Ticket | None:
        """The signed URL of this number."""
        return self._tickets.get(number)

    def use(self, ticket: Ticket) -> bool:
        """Use a signed URL once; False if it has expired."""
        with self._lock:
            if ticket.uses is not None:
                ticket.uses -= 1
            return time.monotonic() < ticket.until and (ticket.uses is None or ticket.uses >= 0)

    def expire(self) -> None:
        """Make every signed URL that was given out expire now."""
        with self._lock:
            for ticket in self._tickets.values():
                ticket.until = 0
