"""How Ceph RGW loses an object to two clients, reproduced every time."""

import threading
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from .faulty import Call, FaultyS3, S3Request, refusal
from .server import Reply


@dataclass
class CephRace:
    """What Ceph RGW does if an Abort arrives during a Complete: both succeed, and the object's parts are lost.

    A HEAD still returns size, ETag and metadata; a GET answers NoSuchKey (https://github.com/ceph/ceph/pull/60771).
    Here the first Complete runs until `release` is set.
    """

    proxy: FaultyS3
    running: S3Request | None = None
    aborted: bool = False
    release: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.proxy.faults.add(self._hold, {"kind": "CompleteMultipartUpload", "times": 1})
        self.proxy.faults.add(self._abort, {"kind": "AbortMultipartUpload"})
        self.proxy.faults.add(self._collected, {"kind": "GetObject"})
        self.proxy.faults.add(self._replaced, {"kind": "CompleteMultipartUpload", "after": 1})

    def _hold(self, call: Call) -> Call:
        self.running = call.request
        return replace(call, held=self.release)

    def _abort(self, call: Call) -> Call:
        if not (call.request and self.running and call.request.upload == self.running.upload):
            return call
        self.aborted = True
        return replace(call, instead=Reply(204))

    def _collected(self, call: Call) -> Call:
        if not (self.lost and call.request and self.running and call.request.key == self.running.key):
            return call
        return replace(call, instead=refusal(404, "NoSuchKey", ""))

    def _replaced(self, call: Call) -> Call:
        if self.lost and call.request and self.running and call.request.key == self.running.key:
            self.aborted = False
        return call

    @property
    def lost(self) -> bool:
        """Whether the object is lost: aborted, and still completed."""
        return self.aborted and self.running is not None and self.running.status == HTTPStatus.OK
