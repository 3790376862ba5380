"""Tests of silence: short timeouts for one side, long ones for all others."""

from typing import Any, Final, Literal

import pytest
from fakes import LONG_S
from scene import QUICK

from generator.hub.client import of_environment
from generator.sync import download, models, session
from generator.sync.download import RangeReader
from generator.sync.engine import TransferLimits
from generator.sync.plan import CopySource
from generator.sync.s3 import Bucket, SentPart, Upload
from generator.sync.s3_client import Access

SILENCE_S: Final = 2
Side = Literal["hub", "cdn", "s3"]


def impatient(
    patch: pytest.MonkeyPatch,
    side: Side,
    limits: TransferLimits = QUICK,
    *,
    tries: int = 100,
    silence_s: float = SILENCE_S,
) -> TransferLimits:
    """Limits of a sync with short timeouts for this side only; for S3, only where contents are sent.

    There are enough tries to survive a slow machine; fewer where silence is meant to fail.
    """
    hub: dict[str, Any] = {"attempts": tries} if side == "hub" else {"read_timeout_s": LONG_S}
    ranges = {} if side == "cdn" else {"read_timeout_s": LONG_S}
    patch.setattr(models, "of_environment", lambda environ, given: of_environment(environ, given._replace(**hub)))
    patch.setattr(download, "RangeReader", lambda **given: RangeReader(**{**given, **ranges}))
    patch.setattr(session, "Bucket", _Hasty if side == "s3" else _patient)
    return limits._replace(retry_policy=limits.retry_policy._replace(read_timeout_s=silence_s, attempts=tries))


def _patient(access: Access, **given: Any) -> Bucket:
    return Bucket(access, **{**given, "read_timeout_s": LONG_S})


class _Hasty(Bucket):
    """A bucket with two read timeouts."""

    def __init__(self, access: Access, **given: Any) -> None:
        super().__init__(access, **{**given, "read_timeout_s": LONG_S})
        self._hasty = Bucket(access, **given)

    def upload_part(self, upload: Upload, number: int, body: bytes) -> SentPart:
        """With the short timeout."""
        return self._hasty.upload_part(upload, number, body)

    def upload_part_copy(self, upload: Upload, number: int, copy_source: CopySource, start: int, end: int) -> SentPart:
        """With the short timeout."""
        return self._hasty.upload_part_copy(upload, number, copy_source, start, end)
