"""KServe's storage initializer, run as in its init container."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from . import LONG_S

_PROGRAM = "import sys; from kserve_storage import Storage; Storage.download_files(sys.argv[1:2], sys.argv[2:3])"


def initialize(
    uri: str, into: Path, env: Mapping[str, str], timeout: float = LONG_S
) -> "subprocess.CompletedProcess[str]":
    """Download `uri` into a folder as a pod would; `env` is the environment of the data connection.

    KServe's controller turns AWS_S3_ENDPOINT into AWS_ENDPOINT_URL, which is what the initializer reads.
    """
    given = {"PATH": os.environ["PATH"], "HOME": str(into.parent), "AWS_EC2_METADATA_DISABLED": "true", **env}
    if "AWS_S3_ENDPOINT" in given:
        given.setdefault("AWS_ENDPOINT_URL", given["AWS_S3_ENDPOINT"])
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM, uri, str(into)],
        env=given,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
