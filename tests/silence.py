"""Silence as the subject: one side is waited for impatiently, all others as long as the slowest machine needs."""

from typing import Any, Final, Literal

import pytest
from standins import LONG_S
from syncing import QUICK

from generator.hub.client import of_environment
from generator.sync import models, session
from generator.sync.download import Ranges
from generator.sync.engine import Pace
from generator.sync.plan import Twin
from generator.sync.s3 import Access, Bucket, Upload

SILENCE_S: Final = 2
Side = Literal["hub", "cdn", "s3"]


def impatient(patch: pytest.MonkeyPatch, side: Side, pace: Pace = QUICK, *, tries: int = 100) -> Pace:
    """The pace of a sync that takes silence badly, but only from this side: of S3, where contents are on their way.

    So many tries that a silent machine is survived, too; fewer where silence shall be the end.
    """
    hub: dict[str, Any] = {"attempts": tries} if side == "hub" else {"silence_s": LONG_S}
    ranges = {} if side == "cdn" else {"silence_s": LONG_S}
    patch.setattr(models, "of_environment", lambda environ, given: of_environment(environ, given._replace(**hub)))
    patch.setattr(session, "Ranges", lambda **given: Ranges(**{**given, **ranges}))
    patch.setattr(session, "Bucket", _Hasty if side == "s3" else _patient)
    return pace._replace(patience=pace.patience._replace(silence_s=SILENCE_S, attempts=tries))


def _patient(access: Access, **given: Any) -> Bucket:
    return Bucket(access, **{**given, "silence_s": LONG_S})


class _Hasty(Bucket):
    """A bucket with two kinds of patience."""

    def __init__(self, access: Access, **given: Any) -> None:
        super().__init__(access, **{**given, "silence_s": LONG_S})
        self._hasty = Bucket(access, **given)

    def part(self, upload: Upload, number: int, body: bytes | bytearray) -> str:
        """Impatiently."""
        return self._hasty.part(upload, number, body)

    def copy_part(self, upload: Upload, number: int, twin: Twin, start: int, end: int) -> str:
        """Impatiently."""
        return self._hasty.copy_part(upload, number, twin, start, end)
