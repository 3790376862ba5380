"""Digests of a file, computed while its bytes pass, and compared with those that were promised."""

import hashlib
from threading import Condition, Event
from typing import Final, NamedTuple

from generator.diagnostics import GeneratorError, InterruptedSyncError
from generator.hub.files import ModelFile


class Sent(NamedTuple):
    """A file that is in the bucket now, what its content is, and whether it was copied there from another commit."""

    path: str
    size: int
    sha256: str
    git_sha1: str | None
    copied: bool = False


class MismatchError(GeneratorError):
    """The bytes are not those that the lock, or the Hub's listing, promises."""


class Digest:
    """sha256, and for small files Git's sha1, fed part by part in the file's order by whichever thread has it."""

    def __init__(self, file: ModelFile) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self._git = hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False) if file.git_sha1 else None
        self._next = 1
        self.failed = False
        """Whether a part could not be read or written; the file cannot be completed then."""
        self._turn = Condition()

    def feed(self, number: int, body: bytes, stop: Event) -> None:
        """Add part `number`, once all before it were added. Raises InterruptedSyncError when one never will be."""
        with self._turn:
            while self._next != number:
                if stop.is_set():
                    raise InterruptedSyncError("interrupted")
                self.require()
                self._turn.wait(0.2)
        self._sha256.update(body)
        if self._git:
            self._git.update(body)
        with self._turn:
            self._next += 1
            self._turn.notify_all()

    def require(self) -> None:
        """Raise InterruptedSyncError if a part has failed: the others need not be read."""
        if self.failed:
            raise InterruptedSyncError("another part of the file has failed")

    def fail(self) -> None:
        """Wake waiting parts; each raises InterruptedSyncError."""
        with self._turn:
            self.failed = True
            self._turn.notify_all()

    def check(self) -> Sent:
        """The file as sent. Raises MismatchError when it is not the one that was promised."""
        file, sha256 = self._file, self._sha256.hexdigest()
        git_sha1 = self._git.hexdigest() if self._git else None
        if file.sha256 and sha256 != file.sha256:
            raise MismatchError(f"{file.path} has sha256 {sha256}, expected {file.sha256}", hint=_TAMPERED)
        if git_sha1 != file.git_sha1:
            raise MismatchError(f"{file.path} has Git SHA-1 {git_sha1}, expected {file.git_sha1}", hint=_TAMPERED)
        return Sent(file.path, file.size, sha256, git_sha1)


_TAMPERED: Final = (
    "none of it is visible in the bucket; run the sync again, and if the error stays, find out what changed the file"
)
