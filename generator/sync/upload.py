"""A file's way into the bucket: tried again and again, assembled from parts, looked at in the end."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from threading import Event
from typing import NamedTuple, TypeVar

from generator.diagnostics import GeneratorError
from generator.hub.files import ModelFile
from generator.retry import Patience, persist
from generator.sync.digest import InterruptedSyncError
from generator.sync.download import DownloadError
from generator.sync.plan import Action, Stored, Twin
from generator.sync.s3 import Bucket, S3Error, Upload

_T = TypeVar("_T")
Observe = Callable[[str, str, int, Action], None]
"""Told of a model, a path, and bytes that have arrived in the bucket, by an upload or a copy."""


class Task(NamedTuple):
    """One file to bring in; from its twin, if there is one."""

    model: str
    repo: str
    commit: str
    file: ModelFile
    key: str
    twin: Twin | None = None
    replaces: bool = False
    """Whether the key holds another object, or a damaged one: what is there proves nothing then."""

    def noted(self, sha256: str | None) -> dict[str, str]:
        """What is written on the object, beside its content."""
        noted = {"hf-repo": self.repo, "hf-commit": self.commit, "sha256": sha256, "git-sha1": self.file.git_sha1}
        return {name: value for name, value in noted.items() if value}


class Delivery:
    """Brings objects into a bucket, patiently, until it is asked to stop."""

    def __init__(self, bucket: Bucket, patience: Patience, stop: Event) -> None:
        self.bucket, self._patience, self._stop = bucket, patience, stop

    def tried(self, task: Task, once: Callable[[], _T]) -> _T:
        """Try until it works; the error, if it never does, names the file."""

        def unless_stopped() -> _T:
            if self._stop.is_set():
                raise InterruptedSyncError("interrupted")
            return once()

        try:
            return persist(unless_stopped, self._patience, (DownloadError, S3Error), self._stop.wait)
        except (DownloadError, S3Error) as error:
            error.args = (f"{task.file.path}: {error}",)
            raise

    def assemble(self, task: Task, fill: Callable[[Upload], Mapping[int, str]]) -> str | None:
        """Begin an upload, let `fill` write its parts, and make it visible.

        When another sync was faster: the sha256 of what it has written, and nothing is overwritten.
        """
        before = self.tried(task, lambda: self.bucket.probe(task.key)) if task.replaces else None
        upload = self.tried(task, lambda: self.bucket.begin(task.key, task.noted(task.file.sha256)))
        completing = False

        def complete(etags: Mapping[int, str]) -> None:
            nonlocal completing
            completing = True
            self.bucket.complete(upload, etags)

        theirs = None
        try:
            etags = fill(upload)
            theirs = self.tried(task, lambda: self._theirs(task, before))
            if theirs is None:
                self.tried(task, lambda: complete(etags))
                self._require_there(task)
        except S3Error:
            with suppress(S3Error):
                theirs = self._theirs(task, before)
            if theirs is None:
                raise
        finally:
            # An Abort that meets a running Complete destroys the object on Ceph RGW, though both report success: once
            # Complete was sent, the upload is left to whoever finds it idle later.
            if not completing:
                with suppress(S3Error):
                    self.bucket.abort(upload)
        return theirs

    def _theirs(self, task: Task, before: Stored | None) -> str | None:
        """The sha256 of what was written since, if it is what is wanted: by another sync, or by a lost Complete."""
        found = self.bucket.probe(task.key)
        return task.file.sha256 if found != before and self._wanted(task, found) else None

    def _require_there(self, task: Task) -> None:
        """Some servers say that they have written what they have not."""
        if not self._wanted(task, self.tried(task, lambda: self.bucket.probe(task.key))):
            message = f"{task.file.path} was completed, and cannot be read back"
            raise GeneratorError(message, hint="somebody else writes to this prefix; run the sync again")

    def _wanted(self, task: Task, found: Stored | None) -> bool:
        """Whether an object is as we, or another sync, would write it."""
        file = task.file
        if found is None or found.size != file.size:
            return False
        return found.sha256 == file.sha256 if file.sha256 else found.git_sha1 == file.git_sha1


def results(futures: Sequence[Future[_T]]) -> list[_T]:
    """All results; or, once all have ended, the first error that is not the echo of another."""
    wait(futures)
    errors = [error for future in futures if (error := future.exception())]
    if errors:
        raise next((error for error in errors if not isinstance(error, InterruptedSyncError)), errors[0])
    return [future.result() for future in futures]


class Part(NamedTuple):
    """A range of a file; `end` is not part of it."""

    number: int
    start: int
    end: int

    @property
    def size(self) -> int:
        """In bytes."""
        return self.end - self.start


def parts_of(file: ModelFile, size: int) -> list[Part]:
    """The file in parts of `size` bytes, the last one smaller."""
    starts = range(0, file.size, size)
    return [Part(number, start, min(start + size, file.size)) for number, start in enumerate(starts, 1)]
