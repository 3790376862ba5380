"""Writes an object: each request retried, parts assembled into a multipart upload, the result read back."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from threading import Event
from typing import Final, NamedTuple, TypeVar

from generator.diagnostics import GeneratorError, InterruptedSyncError
from generator.hub.files import ModelFile
from generator.retry import RetryPolicy, retry
from generator.sync.download_errors import DownloadError
from generator.sync.plan import CopySource, Stored
from generator.sync.s3 import Bucket, SentPart, Upload
from generator.sync.s3_errors import S3Error

_T = TypeVar("_T")
_NOT_THERE: Final = "NotThere"


class Task(NamedTuple):
    """One file to bring in: copied from `copy_source` if there is one, else from the Hub."""

    model: str
    repo: str
    commit: str
    file: ModelFile
    key: str
    copy_source: CopySource | None = None
    replaces: bool = False
    """Whether the key holds another object, or a damaged one; its digest then proves nothing."""

    def noted(self, sha256: str | None) -> dict[str, str]:
        """The object's metadata."""
        noted = {"hf-repo": self.repo, "hf-commit": self.commit, "sha256": sha256, "git-sha1": self.file.git_sha1}
        return {name: value for name, value in noted.items() if value}


class Uploader:
    """Writes objects to a bucket, until `stop` is set."""

    def __init__(self, bucket: Bucket, retry_policy: RetryPolicy, stop: Event) -> None:
        self.bucket, self._retry_policy, self._stop = bucket, retry_policy, stop

    def retried(self, task: Task, once: Callable[[], _T]) -> _T:
        """Call `once` under the retry policy. An error that remains names the file."""

        def unless_stopped() -> _T:
            if self._stop.is_set():
                raise InterruptedSyncError("interrupted")
            return once()

        try:
            return retry(unless_stopped, self._retry_policy, (DownloadError, S3Error), self._stop.wait)
        except (DownloadError, S3Error) as error:
            error.args = (f"{task.file.path}: {error}",)
            raise

    def multipart(
        self, task: Task, fill: Callable[[Upload], Mapping[int, SentPart]], *, copies: bool = False
    ) -> str | None:
        """Create a multipart upload, let `fill` write its parts, and complete it.

        If another sync has written the object meanwhile, nothing is overwritten, and its sha256 is returned.
        """
        before = self.retried(task, lambda: self.bucket.probe(task.key)) if task.replaces else None
        noted = task.noted(task.file.sha256)
        upload = self.retried(task, lambda: self.bucket.create_multipart(task.key, noted, copies=copies))
        completing = False

        def complete(parts: Mapping[int, SentPart]) -> None:
            nonlocal completing
            completing = True
            self.bucket.complete_multipart(upload, parts)

        theirs = None
        try:
            parts = fill(upload)
            theirs = self.retried(task, lambda: self._theirs(task, before))
            if theirs is None:
                self.retried(task, lambda: complete(parts))
                self._require_there(task)
        except S3Error:
            with suppress(S3Error):
                theirs = self._theirs(task, before)
            if theirs is None:
                raise
        finally:
            # On Ceph RGW, an Abort that meets a running Complete destroys the object, and both report success. Once
            # Complete was sent, the upload is left to the sync that finds it idle later.
            if not completing:
                with suppress(S3Error):
                    self.bucket.abort_multipart(upload)
        return theirs

    def _theirs(self, task: Task, before: Stored | None) -> str | None:
        """The sha256 of the wanted object if it was written since `before`: by another sync, or by a lost Complete."""
        found = self.bucket.probe(task.key)
        return task.file.sha256 if found != before and self._wanted(task, found) else None

    def _require_there(self, task: Task) -> None:
        """Some servers say that they have written what they have not, or not yet."""

        def look() -> None:
            if not self._wanted(task, self.bucket.probe(task.key)):
                raise S3Error("not there", code=_NOT_THERE, hint=None, transient=True)

        try:
            self.retried(task, look)
        except S3Error as error:
            if error.code != _NOT_THERE:
                raise
            message = f"{task.file.path} was uploaded, but cannot be read back"
            raise GeneratorError(message, hint="another program writes to this prefix; run the sync again") from None

    def _wanted(self, task: Task, found: Stored | None) -> bool:
        """Whether an object is what any sync of this file would write."""
        file = task.file
        if found is None or found.size != file.size:
            return False
        return found.sha256 == file.sha256 if file.sha256 else found.git_sha1 == file.git_sha1


def results(futures: Sequence[Future[_T]]) -> list[_T]:
    """All results. Once all have ended, raises the first error that does not merely follow from another."""
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
