"""Carries out uploads: Hub → memory → S3, never the disk; verified before visible. Threads and retries live here."""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from threading import Condition, Event, Lock
from typing import NamedTuple, Protocol, TypeVar

from generator.artifacts.digest import Digest, InterruptedSyncError, MismatchError, Sent
from generator.artifacts.download import DownloadError, Ranges
from generator.artifacts.lock import LockedFile
from generator.artifacts.plan import PART, part_size
from generator.artifacts.s3 import NO_SUCH_UPLOAD, Bucket, S3Error, Upload
from generator.diagnostics import GeneratorError

_T = TypeVar("_T")


class Location(Protocol):
    """Where a file's bytes are; what `hub.Hub.locate` answers."""

    @property
    def url(self) -> str:
        """Signed, or the Hub's own."""

    @property
    def headers(self) -> dict[str, str]:
        """What the request needs; no authorization on a signed URL."""

    @property
    def etag(self) -> str:
        """The sha256 of a large file, Git's sha1 of a small one."""

    @property
    def size(self) -> int:
        """In bytes."""


class Locator(Protocol):
    """The one thing that a transfer asks of the Hub."""

    def locate(self, repo: str, commit: str, path: str) -> Location:
        """Where the file can be read now."""


class Task(NamedTuple):
    """One file to send."""

    model: str
    repo: str
    commit: str
    file: LockedFile
    key: str


class Patience(NamedTuple):
    """How long a server may say nothing, and how often and how long a request is tried before its file fails."""

    silence_s: float = 60
    attempts: int = 6
    first_wait_s: float = 0.5
    longest_wait_s: float = 30
    total_s: float = 300
    s3_attempts: int = 8  # boto3's own, within each of ours


class Pace(NamedTuple):
    """How a sync works: parts of large files at once, bytes per part, and how patiently."""

    lanes: int = 4
    part_bytes: int = PART
    patience: Patience = Patience()


class Budget:
    """Bytes that may be in memory at once, over all files and models."""

    def __init__(self, size: int) -> None:
        self._free = self._size = size
        self._changed = Condition()

    def take(self, amount: int, stop: Event) -> None:
        """Wait for `amount` bytes and take them. Raises InterruptedSyncError when asked to stop."""
        with self._changed:
            while self._free < min(amount, self._size):
                if stop.is_set():
                    raise InterruptedSyncError("interrupted")
                self._changed.wait(0.2)
            self._free -= amount

    def give(self, amount: int) -> None:
        """Give bytes back."""
        with self._changed:
            self._free += amount
            self._changed.notify_all()


class Engine:
    """Sends files. Parts of large files share the lanes; small files have threads of their own."""

    def __init__(  # noqa: PLR0913 - all that a transfer touches, handed in
        self,
        hub: Locator,
        ranges: Ranges,
        bucket: Bucket,
        *,
        budget: Budget,
        pace: Pace,
        stop: Event,
        observe: Callable[[str, str, int], None],
    ) -> None:
        self._hub, self._ranges, self._bucket = hub, ranges, bucket
        self._budget, self._pace, self._stop, self._observe = budget, pace, stop, observe
        self._lanes = ThreadPoolExecutor(pace.lanes, "part")
        self._files = ThreadPoolExecutor(2 * pace.lanes, "file")

    def close(self) -> None:
        """End all threads; what they were doing is given up."""
        self._files.shutdown(cancel_futures=True)
        self._lanes.shutdown(cancel_futures=True)

    def send(self, tasks: Sequence[Task]) -> list[Sent]:
        """Send files side by side; all of them, or the first error after every other file has ended."""
        return _results([self._files.submit(self._send, task) for task in tasks])

    def _send(self, task: Task) -> Sent:
        source = _Source(self._hub, task)
        size = part_size(task.file.size, self._pace.part_bytes)
        return self._send_whole(task, source) if task.file.size <= size else self._send_parts(task, source, size)

    def _send_whole(self, task: Task, source: "_Source") -> Sent:
        """Read, verify, then write in one request."""
        self._budget.take(task.file.size, self._stop)
        try:
            digest = Digest(task.file)
            body = self._read(task, source, 0, task.file.size)
            digest.feed(1, body, self._stop)
            sent = digest.check()
            noted = _metadata(task, sent.sha256, sent.git_sha1)
            self._try(task, lambda: self._bucket.put(task.key, body, noted))
        finally:
            self._budget.give(task.file.size)
        self._observe(task.model, task.file.path, task.file.size)
        return sent

    def _send_parts(self, task: Task, source: "_Source", size: int) -> Sent:
        """Parts in parallel, hashed in order; completed, and so visible, only when the digest is right."""
        digest = Digest(task.file)
        noted = _metadata(task, task.file.sha256, task.file.git_sha1)
        upload = self._try(task, lambda: self._bucket.begin(task.key, noted))
        parts: list[Future[str]] = []
        try:
            for number, start in enumerate(range(0, task.file.size, size), 1):
                part = _Part(number, start, min(start + size, task.file.size))
                # Memory is taken here, in the file's order: a part never waits for one that waits for memory.
                self._budget.take(part.size, self._stop)
                parts.append(self._lanes.submit(self._send_part, task, source, digest, upload, part))
                if any(done.done() and done.exception() for done in parts):
                    break
            etags = dict(enumerate(_results(parts), 1))
            sent = digest.check()
            self._try(task, lambda: self._bucket.complete(upload, etags))
            self._require_there(task)
        except BaseException as error:
            digest.fail()
            wait(parts)  # those that have not begun end at once
            if (
                isinstance(error, S3Error)
                and error.code == NO_SUCH_UPLOAD
                and task.file.sha256
                and self._is_there(task)
            ):
                return Sent(task.file.path, task.file.size, task.file.sha256, None)
            self._give_up(upload)
            raise
        return sent

    def _send_part(self, task: Task, source: "_Source", digest: Digest, upload: Upload, part: "_Part") -> str:
        """Read, hash in turn, and write one part; its ETag."""
        try:
            digest.require()
            body = self._read(task, source, part.start, part.end)
            digest.feed(part.number, body, self._stop)
            etag = self._try(task, lambda: self._bucket.part(upload, part.number, body))
        except BaseException:
            digest.fail()
            raise
        finally:
            self._budget.give(part.size)
        self._observe(task.model, task.file.path, part.size)
        return etag

    def _is_there(self, task: Task) -> bool:
        """Whether the object is there as we, or another sync, would complete it."""
        noted, file = self._bucket.metadata(task.key) or {}, task.file
        return (noted.get("sha256") == file.sha256) if file.sha256 else (noted.get("git-sha1") == file.git_sha1)

    def _require_there(self, task: Task) -> None:
        """Some servers say that they have completed an upload which they no longer have."""
        if not self._try(task, lambda: self._is_there(task)):
            message = f"{task.file.path} was completed, and is not in the bucket"
            raise GeneratorError(message, hint="somebody else writes to this prefix; run the sync again")

    def _give_up(self, upload: Upload) -> None:
        with suppress(S3Error):  # the next sync of this model ends what cannot be ended now
            self._bucket.abort(upload)

    def _read(self, task: Task, source: "_Source", start: int, end: int) -> bytearray:
        def once() -> bytearray:
            location = source.location()
            try:
                return self._ranges.read(location.url, location.headers, start, end, task.file.size)
            except DownloadError as error:
                if error.expired:
                    source.forget(location)
                raise _again(error, f"from byte {start:,}: {error}") from error.__cause__

        return self._try(task, once)

    def _try(self, task: Task, once: Callable[[], _T]) -> _T:
        """Try until it works, with growing waits, a few times and not for ever."""
        patience = self._pace.patience
        began, wait_s = time.monotonic(), patience.first_wait_s
        for attempt in range(1, patience.attempts + 1):
            if self._stop.is_set():
                raise InterruptedSyncError("interrupted")
            try:
                return once()
            except (DownloadError, S3Error) as error:
                late = time.monotonic() - began > patience.total_s
                if not error.transient or attempt == patience.attempts or late:
                    tries = f" ({attempt} tries)" if attempt > 1 else ""
                    raise _again(error, f"{task.file.path}: {error}{tries}") from error
                self._stop.wait(max(getattr(error, "wait_s", 0), wait_s * random.uniform(0.5, 1.5)))  # noqa: S311
                wait_s = min(2 * wait_s, patience.longest_wait_s)
        raise AssertionError("the last attempt returns or raises")


def _again(error: GeneratorError, message: str) -> GeneratorError:
    """The same error with more words."""
    error.args = (message,)
    return error


def _results(futures: Sequence[Future[_T]]) -> list[_T]:
    """All results; or, once all have ended, the first error that is not the echo of another."""
    wait(futures)
    errors = [error for future in futures if (error := future.exception())]
    if errors:
        raise next((error for error in errors if not isinstance(error, InterruptedSyncError)), errors[0])
    return [future.result() for future in futures]


class _Part(NamedTuple):
    """A range of a file; `end` is not part of it."""

    number: int
    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start


class _Source:
    """A file's signed URL, asked for once and again when it has expired; shared by the file's parts."""

    def __init__(self, hub: Locator, task: Task) -> None:
        self._hub, self._task = hub, task
        self._location: Location | None = None
        self._lock = Lock()

    def location(self) -> Location:
        """The URL. Raises MismatchError when the Hub now has another file there than the one that is locked."""
        with self._lock:
            if self._location is None:
                task, file = self._task, self._task.file
                found = self._hub.locate(task.repo, task.commit, file.path)
                wanted = file.sha256 or file.git_sha1
                if (found.etag, found.size) != (wanted, file.size):
                    message = (
                        f"{file.path} is now {found.etag} with {found.size} bytes, locked is {wanted} with {file.size}"
                    )
                    raise MismatchError(message, hint="the Hub's copy has changed; compare it before you lock it again")
                self._location = found
            return self._location

    def forget(self, location: Location) -> None:
        """Ask anew next time, unless somebody has already."""
        with self._lock:
            if self._location is location:
                self._location = None


def _metadata(task: Task, sha256: str | None, git_sha1: str | None = None) -> dict[str, str]:
    noted = {"hf-repo": task.repo, "hf-commit": task.commit, "sha256": sha256, "git-sha1": git_sha1}
    return {name: value for name, value in noted.items() if value}
