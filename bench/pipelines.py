"""Ways to copy a model from the Hub to a bucket: ours, and common ones."""

import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from processes import Command
from sync_servers import REPO, S3, FastHub, Tls

BIN: Final = Path(sys.executable).parent
OURS: Final = "artifact-sync"

_CATALOG: Final = """\
version: 1
platform: {{target: "3.3"}}
runtimes:
  vllm-embedding:
    displayName: vLLM Embedding Runtime
    task: embedding
    image: quay.io/vllm/vllm-cuda:0.13.0@sha256:{digest}
connections:
  s3: {{displayName: S3, endpoint: "{endpoint}", bucket: {bucket}, secret: {{existing: s3}}}}
environments: {{dev: {{namespace: team-dev}}}}
defaults:
  resources: {{cpu: "2", memory: 8Gi}}
models:
  - name: m
    source: {{repo: {repo}, revision: {commit}}}
    task: embedding
    maxModelLen: 256
    dimensions: 384
"""
_FLOOR: Final = shlex.quote(str(Path(__file__).with_name("floor.py")))
# As large as ours, which is twice what it would take by itself.
_AWS_CONFIG: Final = "[default]\ns3 =\n  multipart_chunksize = 16MB\n"


@dataclass(frozen=True, slots=True)
class Job:
    """One copy: which files, from where, to where, and an empty folder, in memory if possible."""

    folder: Path
    hub: FastHub
    s3: S3
    tls: Tls
    files: Mapping[str, int]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of all pipelines: endpoints, keys, the CA, and no progress output."""
        return {
            **self.s3.env,
            "AWS_CONFIG_FILE": str(self.folder / "aws.config"),
            "AWS_ENDPOINT_URL": self.s3.endpoint,
            # Also faster: without it awscli reads every byte once more, and versitygw 1.8.0 cannot read what comes.
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            "HF_ENDPOINT": self.hub.endpoint,
            "HF_HOME": str(self.folder / "hf"),
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",  # the fake speaks HTTP only
            "HOME": str(self.folder),
            "SSL_CERT_FILE": str(self.tls.ca),
            "TMPDIR": str(self.folder),
        }

    @property
    def download(self) -> Path:
        """Where the pipelines that need a local copy keep it."""
        return self.folder / "download"

    @property
    def target(self) -> str:
        """The URL of the target prefix, without a trailing slash."""
        return f"s3://{self.s3.bucket}/{self.prefix}"

    @property
    def prefix(self) -> str:
        """The same prefix for all."""
        return f"models/m/{self.hub.commit[:12]}"

    def prepare(self) -> None:
        """Write what the commands read."""
        (self.folder / "aws.config").write_text(_AWS_CONFIG, "utf-8")
        (self.folder / "files").write_text("".join(f"{path}\n" for path in self.files), "utf-8")
        catalog = _CATALOG.format(
            digest="a" * 64, endpoint=self.s3.endpoint, bucket=self.s3.bucket, repo=REPO, commit=self.hub.commit
        )
        (self.folder / "models.yaml").write_text(catalog, "utf-8")

    def command(self, script: str) -> Command:
        """A shell's script as something that can be measured."""
        return Command(("sh", "-euc", script), self.folder, env=self.environment)


def ours(_: Job) -> str:
    """One process, no disk, every byte verified."""
    return f"exec {_quoted('artifact-sync')} --root ."


def floor(job: Job, size: int, *paths: str) -> str:
    """The same libraries without what makes a sync of them, for files of one size."""
    source = f"{job.hub.endpoint}/{REPO}/resolve/{job.hub.commit}"
    target = f"{job.s3.endpoint}/{job.s3.bucket}/{job.prefix}"
    return f"exec {_quoted('python')} {_FLOOR} copy {size} {source} {target} {' '.join(paths)}"


def floor_again(_: Job) -> str:
    """The same with nothing to do."""
    return f"exec {_quoted('python')} {_FLOOR} idle"


def _download(job: Job) -> str:
    return f"{_quoted('hf')} download {REPO} --revision {job.hub.commit} --local-dir {job.download} --quiet"


def naive(job: Job) -> str:
    """What guides say."""
    sync = f"s3 sync {job.download} {job.target} --exclude '.cache/*' --only-show-errors"
    return f"{_download(job)}\n{_quoted('aws')} {sync}"


def s5cmd(job: Job) -> str:
    """The same with a faster second half."""
    options = "--log error --endpoint-url"
    sync = f"sync --part-size 16 --exclude '.cache/*' {job.download}/ {job.target}/"
    return f"{_download(job)}\n{_quoted('s5cmd')} {options} {job.s3.endpoint} {sync}"


def rclone(job: Job) -> str:
    """No disk, no pinned commit, and nothing to compare the bytes with."""
    source = f":http: --http-url {job.hub.endpoint}/{REPO}/resolve/{job.hub.commit}/ --files-from files --no-traverse"
    login = f"--s3-access-key-id {job.s3.access_key} --s3-secret-access-key {job.s3.secret_key}"
    where = f"--s3-provider Other --s3-endpoint {job.s3.endpoint} --s3-force-path-style {login}"
    parts = "--s3-chunk-size 16Mi --s3-upload-concurrency 4 --transfers 4 --s3-use-unsigned-payload true"
    options = f"--config '' --ca-cert {job.tls.ca} --s3-no-check-bucket {parts}"
    return f"exec {_quoted('rclone')} copy {source} :s3:{job.s3.bucket}/{job.prefix} {where} {options}"


def curl(job: Job) -> str:
    """A pipe for each file, four at a time."""
    url = f"{job.hub.endpoint}/{REPO}/resolve/{job.hub.commit}"
    one = f'curl -sSfL --cacert {job.tls.ca} "{url}/$1" | {_quoted("aws")} s3 cp - "{job.target}/$1" --only-show-errors'
    return f"xargs -P 4 -I FILE bash -o pipefail -c {shlex.quote(one)} bash FILE < files"


PIPELINES: Final[Mapping[str, Callable[[Job], str]]] = {
    OURS: ours,
    "hf download + aws s3 sync": naive,
    "hf download + s5cmd sync": s5cmd,
    "rclone copy :http: :s3:": rclone,
    "curl | aws s3 cp -": curl,
}


def _quoted(program: str) -> str:
    return shlex.quote(str(BIN / program))
