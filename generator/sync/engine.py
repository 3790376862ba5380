"""Transfers files: Hub → memory → S3, without a disk, and verified before they are visible."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from io import BytesIO
from threading import Event, Lock
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from generator.hub.files import ModelFile
from generator.retry import RetryPolicy
from generator.sync.budget import Budget
from generator.sync.copy import Copier
from generator.sync.digest import Digest, MismatchError, Sent
from generator.sync.download_errors import DownloadError
from generator.sync.pace import LEAST_RATE
from generator.sync.plan import PART, Observe, part_size
from generator.sync.s3 import Bucket, SentPart, Upload
from generator.sync.upload import Part, Task, Uploader, parts_of, results

if TYPE_CHECKING:
    from generator.sync.download import RangeReader

# S3 allows 5 GiB (UNVERIFIED: AWS's page "Amazon S3 multipart upload limits"); a server that copies in silence must be
# done before anybody loses patience.
_COPY: Final = 512 << 20


class Location(Protocol):
    """Where a file can be downloaded, as `hub.client.Hub.locate` returns it."""

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
    """The part of the Hub that a transfer needs."""

    def direct(self, repo: str, commit: str, file: ModelFile) -> Location:
        """Where a file that is read in one request is asked for; costs no request."""

    def locate(self, repo: str, commit: str, path: str) -> Location:
        """Where the file can be read now."""


class TransferLimits(NamedTuple):
    """How many parts of large files move at once, the bytes of a part and of a copied part, and retries."""

    concurrency: int = 4
    part_bytes: int = PART
    copy_bytes: int = _COPY
    retry_policy: RetryPolicy = RetryPolicy()
    s3_attempts: int = 8  # botocore's own, within each of ours
    least_rate: int = LEAST_RATE


class Engine:
    """Transfers files. Parts of large files share a pool of threads; each file also has a thread of its own."""

    def __init__(  # noqa: PLR0913 - every outside thing that a transfer touches
        self,
        hub: Locator,
        ranges: "RangeReader",
        bucket: Bucket,
        *,
        budget: Budget,
        limits: TransferLimits,
        stop: Event,
        observe: Observe,
    ) -> None:
        self._hub, self._ranges, self._bucket = hub, ranges, bucket
        self._budget, self._limits, self._stop, self._observe = budget, limits, stop, observe
        self._uploader = Uploader(bucket, limits.retry_policy, stop)
        self._parts = ThreadPoolExecutor(limits.concurrency, "part")
        self._files = ThreadPoolExecutor(2 * limits.concurrency, "file")
        self._copier = Copier(self._uploader, self._parts, limits.copy_bytes)

    def close(self) -> None:
        """End all threads; work that has not begun is dropped."""
        self._files.shutdown(cancel_futures=True)
        self._parts.shutdown(cancel_futures=True)

    def send(self, tasks: Sequence[Task]) -> list[Sent]:
        """Transfer files concurrently. Raises the first error after every file has ended."""
        return results([self._files.submit(self._bring, task) for task in tasks])

    def _bring(self, task: Task) -> Sent:
        if task.copy_source and self._copier.copied(task, task.copy_source):
            self._observe(task.model, task.file.path, task.file.size, "copy")
            return Sent(task.file.path, task.file.size, task.copy_source.sha256, None, copied=True)
        return self._send(task)

    def _send(self, task: Task) -> Sent:
        size = part_size(task.file.size, self._limits.part_bytes)
        whole = task.file.size <= size
        source = _Source(self._hub, task, direct=whole)
        return self._send_whole(task, source) if whole else self._send_parts(task, source, size)

    def _send_whole(self, task: Task, source: "_Source") -> Sent:
        """Read, verify, then write in one request."""
        size = task.file.size
        self._budget.take(size, self._stop)
        try:
            with self._budget.buffer(size) as buffer:
                sent = self._move_whole(task, source, buffer)
        finally:
            self._budget.give(size)
        self._observe(task.model, task.file.path, size, "upload")
        return sent

    def _move_whole(self, task: Task, source: "_Source", buffer: BytesIO) -> Sent:
        digest = Digest(task.file)
        body = self._read(task, source, Part(1, 0, task.file.size), buffer)
        digest.feed(1, body, self._stop)
        try:
            sent = digest.check()
        except MismatchError:
            source.require_same()
            raise
        self._uploader.retried(task, lambda: self._bucket.put(task.key, body, task.noted(sent.sha256)))
        return sent

    def _send_parts(self, task: Task, source: "_Source", size: int) -> Sent:
        """Send parts in parallel, hash them in order, and complete the upload only if the digest is right."""
        digest = Digest(task.file)

        def fill(upload: Upload) -> Mapping[int, SentPart]:
            parts: list[Future[SentPart]] = []
            try:
                for part in parts_of(task.file, size):
                    # Memory is taken here, in the file's order: a part never waits for one that waits for memory.
                    self._budget.take(part.size, self._stop)
                    parts.append(self._parts.submit(self._send_part, task, source, digest, upload, part))
                    if digest.failed:
                        break
                sent = dict(enumerate(results(parts), 1))
                digest.check()
            except BaseException:
                digest.fail()
                wait(parts)  # those that have not begun end at once
                raise
            return sent

        theirs = self._uploader.multipart(task, fill)
        return Sent(task.file.path, task.file.size, theirs, None) if theirs else digest.check()

    def _send_part(self, task: Task, source: "_Source", digest: Digest, upload: Upload, part: Part) -> SentPart:
        """Read, hash in turn, and write one part."""
        try:
            digest.require()
            with self._budget.buffer(part.size) as buffer:
                sent = self._move_part(task, source, digest, upload, part, buffer)
        except BaseException:
            digest.fail()
            raise
        finally:
            self._budget.give(part.size)
        self._observe(task.model, task.file.path, part.size, "upload")
        return sent

    def _move_part(
        self, task: Task, source: "_Source", digest: Digest, upload: Upload, part: Part, buffer: BytesIO
    ) -> SentPart:
        body = self._read(task, source, part, buffer)
        digest.feed(part.number, body, self._stop)
        return self._uploader.retried(task, lambda: self._bucket.upload_part(upload, part.number, body))

    def _read(self, task: Task, source: "_Source", part: Part, buffer: BytesIO) -> bytes:
        def once() -> bytes:
            location = source.location()
            try:
                return self._ranges.read(location.url, location.headers, part.start, part.end, task.file.size, buffer)
            except DownloadError as error:
                source.failed(location, expired=error.expired)
                error.args = (f"from byte {part.start:,}: {error}",)
                raise

        return self._uploader.retried(task, once)


class _Source:
    """A file's signed URL, shared by its parts: requested once, and again after it has expired.

    A file of one part is asked for without: size and digest are known, and the Hub counts every request. Only when that
    fails, the Hub is asked where the file is, as it then says what is wrong.
    """

    def __init__(self, hub: Locator, task: Task, *, direct: bool) -> None:
        self._hub, self._task = hub, task
        self._direct = hub.direct(task.repo, task.commit, task.file) if direct else None
        self._location = self._direct
        self._lock = Lock()

    def location(self) -> Location:
        """The URL. Raises MismatchError if the Hub has another file at that path by now."""
        with self._lock:
            if self._location is None:
                task, file = self._task, self._task.file
                found = self._hub.locate(task.repo, task.commit, file.path)
                wanted = file.sha256 or file.git_sha1
                if (found.etag, found.size) != (wanted, file.size):
                    message = (
                        f"{file.path} is now {found.etag} with {found.size} bytes, expected {wanted} with {file.size}"
                    )
                    raise MismatchError(message, hint="the file changed on the Hub: review it before you lock it again")
                self._location = found
            return self._location

    def require_same(self) -> None:
        """Ask the Hub. Raises MismatchError if it has another file at that path by now."""
        with self._lock:
            self._location = None
        self.location()

    def failed(self, location: Location, *, expired: bool) -> None:
        """Request a new URL next time if this one is of no use, unless another part already has."""
        with self._lock:
            if self._location is location and (expired or location is self._direct):
                self._location = None
