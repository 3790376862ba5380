"""A file's way into the bucket: tried again and again, assembled from parts, looked at in the end."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from threading import Event
from typing import NamedTuple, TypeVar

from generator.artifacts.digest import InterruptedSyncError
from generator.artifacts.download import DownloadError
from generator.artifacts.lock import LockedFile
from generator.artifacts.patience import Patience, persist
from generator.artifacts.plan import Action, Twin
from generator.artifacts.s3 import NO_SUCH_UPLOAD, Bucket, S3Error, Upload
from generator.diagnostics import GeneratorError

_T = TypeVar("_T")
Observe = Callable[[str, str, int, Action], None]
"""Told of a model, a path, and bytes that have arrived in the bucket, by an upload or a copy."""


class Task(NamedTuple):
    """One file to bring in; from its twin, if there is one."""

    model: str
    repo: str
    commit: str
    file: LockedFile
    key: str
    twin: Twin | None = None

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

        When another sync was faster, and has ended our upload: the sha256 of what it has written.
        """
        upload = self.tried(task, lambda: self.bucket.begin(task.key, task.noted(task.file.sha256)))
        try:
            etags = fill(upload)
            self.tried(task, lambda: self.bucket.complete(upload, etags))
            self.require_there(task)
        except BaseException as error:
            if isinstance(error, S3Error) and error.code == NO_SUCH_UPLOAD and task.file.sha256 and self._there(task):
                return task.file.sha256
            with suppress(S3Error):  # the next sync of this model ends what cannot be ended now
                self.bucket.abort(upload)
            raise
        return None

    def require_there(self, task: Task) -> None:
        """Some servers say that they have written what they have not."""
        if not self.tried(task, lambda: self._there(task)):
            message = f"{task.file.path} was completed, and is not in the bucket"
            raise GeneratorError(message, hint="somebody else writes to this prefix; run the sync again")

    def _there(self, task: Task) -> bool:
        """Whether the object is there as we, or another sync, would write it."""
        found, file = self.bucket.look(task.key), task.file
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


def parts_of(file: LockedFile, size: int) -> list[Part]:
    """The file in parts of `size` bytes, the last one smaller."""
    starts = range(0, file.size, size)
    return [Part(number, start, min(start + size, file.size)) for number, start in enumerate(starts, 1)]
