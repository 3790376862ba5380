"""Copies within the bucket, so that a file which another commit has already is not downloaded again."""

from collections.abc import Mapping
from concurrent.futures import Executor

from generator.diagnostics import GeneratorError, InterruptedSyncError
from generator.sync.plan import CopySource, part_size
from generator.sync.s3 import SentPart, Upload
from generator.sync.upload import Part, Task, Uploader, parts_of, results


class Copier:
    """Copies in parts of `most_bytes`. Nothing is visible before the source was checked once more."""

    def __init__(self, uploader: Uploader, parts: Executor, most_bytes: int) -> None:
        self._uploader, self._bucket = uploader, uploader.bucket
        self._parts, self._most_bytes = parts, most_bytes

    def copied(self, task: Task, copy_source: CopySource) -> bool:
        """Copy a file. False if that failed for any reason: the file can come from the Hub instead."""
        try:
            self._require_unchanged(task, copy_source)
            self._copy(task, copy_source)
        except InterruptedSyncError:
            raise
        except GeneratorError:
            return False
        return True

    def _copy(self, task: Task, copy_source: CopySource) -> None:
        def copy(upload: Upload, part: Part) -> SentPart:
            return self._uploader.retried(
                task, lambda: self._bucket.upload_part_copy(upload, part.number, copy_source, part.start, part.end)
            )

        def fill(upload: Upload) -> Mapping[int, SentPart]:
            first, *rest = parts_of(task.file, part_size(task.file.size, self._most_bytes))
            copied = [copy(upload, first)]  # alone: it shows whether the server can do this
            copied += results([self._parts.submit(copy, upload, each) for each in rest])
            self._require_unchanged(task, copy_source)
            return dict(enumerate(copied, 1))

        self._uploader.multipart(task, fill, copies=True)

    def _require_unchanged(self, task: Task, copy_source: CopySource) -> None:
        """Raise unless the source is as the plan saw it: not every server honours the condition of a copy."""
        found = self._uploader.retried(task, lambda: self._bucket.probe(copy_source.key))
        if found is None or (found.size, found.etag) != (task.file.size, copy_source.etag):
            raise GeneratorError(f"{copy_source.key} has changed")
