"""Copies within the bucket: what another commit of a model has already need not come from the Hub again."""

from collections.abc import Mapping
from concurrent.futures import Executor

from generator.diagnostics import GeneratorError
from generator.sync.digest import InterruptedSyncError
from generator.sync.plan import Twin, part_size
from generator.sync.s3 import Upload
from generator.sync.upload import Delivery, Part, Task, parts_of, results


class Copier:
    """Copies twins in parts of `most_bytes`, so that nothing is visible before the twin was looked at once more."""

    def __init__(self, delivery: Delivery, lanes: Executor, most_bytes: int) -> None:
        self._delivery, self._bucket = delivery, delivery.bucket
        self._lanes, self._most_bytes = lanes, most_bytes

    def copied(self, task: Task, twin: Twin) -> bool:
        """Copy a file; False when that cannot be done, for whatever reason: the Hub has it, too."""
        try:
            self._require_unchanged(task, twin)
            self._copy(task, twin)
        except InterruptedSyncError:
            raise
        except GeneratorError:
            return False
        return True

    def _copy(self, task: Task, twin: Twin) -> None:
        def copy(upload: Upload, part: Part) -> str:
            return self._delivery.tried(
                task, lambda: self._bucket.copy_part(upload, part.number, twin, part.start, part.end)
            )

        def fill(upload: Upload) -> Mapping[int, str]:
            first, *rest = parts_of(task.file, part_size(task.file.size, self._most_bytes))
            etags = [copy(upload, first)]  # alone: it shows whether the server can do this
            etags += results([self._lanes.submit(copy, upload, each) for each in rest])
            self._require_unchanged(task, twin)
            return dict(enumerate(etags, 1))

        self._delivery.assemble(task, fill)

    def _require_unchanged(self, task: Task, twin: Twin) -> None:
        """Raise unless the twin is as the plan saw it: not every server heeds the condition of a copy."""
        found = self._delivery.tried(task, lambda: self._bucket.probe(twin.key))
        if found is None or (found.size, found.etag) != (task.file.size, twin.etag):
            raise GeneratorError(f"{twin.key} has changed")
