"""What the libraries of a sync take by themselves, which no change of `generator/sync` can save.

`floor.py copy SIZE SOURCE TARGET PATH…`: downloads files by TLS, hashes each in order, and sends it by TLS, four parts
of 16 MiB at once, and nothing else. `floor.py idle`: the imports of a sync with nothing to do.
"""

import hashlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Condition, local
from typing import Any, Final

_PART: Final = 16 << 20
_OWN: Final = local()


class Copied:
    """A file on its way."""

    def __init__(self, source: str, target: str, size: int) -> None:
        self._source, self._target, self._size = source, target, size
        self._digest, self._turn, self._next = hashlib.sha256(), Condition(), 0

    def part(self, start: int) -> None:
        """Copy one part. Raises RuntimeError when a server does not take part."""
        buffer, source, target = _own()
        end = min(start + _PART, self._size)
        buffer.seek(0)
        source.setopt(source.URL, self._source)
        source.setopt(source.RANGE, f"{start}-{end - 1}")
        source.perform()
        buffer.truncate()
        self._hash(start, end, buffer.getvalue())
        target.setopt(target.URL, f"{self._target}?partNumber={start // _PART + 1}&uploadId=1")
        target.setopt(target.POSTFIELDS, buffer.getvalue())
        target.perform()
        target.setopt(target.POSTFIELDS, b"")
        if (source.getinfo(source.RESPONSE_CODE), target.getinfo(target.RESPONSE_CODE)) != (206, 200):
            raise RuntimeError("refused")

    def _hash(self, start: int, end: int, body: bytes) -> None:
        with self._turn:
            self._turn.wait_for(lambda: self._next == start)
        self._digest.update(body)
        with self._turn:
            self._next = end
            self._turn.notify_all()


def _own() -> tuple[BytesIO, Any, Any]:
    """The thread's buffer and connections."""
    if not hasattr(_OWN, "all"):
        buffer, source, target = BytesIO(), _curl(), _curl()
        source.setopt(source.FOLLOWLOCATION, 1)
        source.setopt(source.WRITEFUNCTION, buffer.write)
        target.setopt(target.CUSTOMREQUEST, "PUT")
        target.setopt(target.HTTPHEADER, ["Content-Type:", "Expect:"])
        _OWN.all = buffer, source, target
    found: tuple[BytesIO, Any, Any] = _OWN.all
    return found


def _curl() -> Any:
    import pycurl  # noqa: PLC0415 - a sync with nothing to do does without

    curl = pycurl.Curl()
    curl.setopt(pycurl.CAINFO, os.environ["SSL_CERT_FILE"])
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.BUFFERSIZE, 512 << 10)
    curl.setopt(pycurl.UPLOAD_BUFFERSIZE, 512 << 10)
    return curl


def main(what: str, *given: str) -> None:
    """Do one of the two."""
    if what == "idle":
        import botocore.session  # noqa: F401, PLC0415 - measured
        import click  # noqa: F401, PLC0415 - measured
        import pydantic_core  # noqa: F401, PLC0415 - measured
        import yaml  # noqa: F401, PLC0415 - measured

        return
    size, source, target, *paths = given
    with ThreadPoolExecutor(4) as pool:
        for path in paths:
            copied = Copied(f"{source}/{path}", f"{target}/{path}", int(size))
            list(pool.map(copied.part, range(0, int(size), _PART)))


if __name__ == "__main__":
    main(*sys.argv[1:])
