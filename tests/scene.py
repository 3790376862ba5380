"""A project with a fake Hub and a bucket: runs `artifact-sync`, and checks the result."""

import contextlib
import hashlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, Final

import pytest
import yaml
from fakes import LONG_S
from fakes.faulty import FaultyS3
from fakes.hub import FakeHub, Sparse
from fakes.initializer import initialize
from fakes.repos import Source
from helpers import MINIMAL, Ran, project, run
from servers.s3 import S3

from generator.catalog.layout import manifest_key
from generator.commands import transfer
from generator.diagnostics import GeneratorError, InterruptedSyncError, ReportedError
from generator.lock.lockfile import Locked
from generator.report import progress
from generator.retry import RetryPolicy
from generator.sync.destinations import Selection
from generator.sync.engine import TransferLimits
from generator.sync.manifest import profile_digest
from generator.sync.session import SyncOptions

REPO: Final = "acme/embedder"
TOKEN: Final = "hf_a-token-that-nobody-may-see"  # noqa: S105 - of the fake
MIB: Final = 1 << 20
FILES: Final[Mapping[str, Source]] = {
    "config.json": b'{"hidden_size": 8}',
    "tokenizer.json": b'{"version": "1.0"}',
    "1_Pooling/config.json": b'{"pooling_mode_mean_tokens": true}',
    "model.safetensors": Sparse(12 * MIB + 5, seed=1),
}
"""A model whose weights take three parts of 5 MiB."""
WEIGHTS: Final = "model.safetensors"
QUICK: Final = TransferLimits(
    part_bytes=5 * MIB,
    retry_policy=RetryPolicy(
        read_timeout_s=LONG_S, attempts=4, wait_initial_s=0.02, wait_max_s=0.1, timeout_s=2 * LONG_S
    ),
    s3_attempts=2,
)
"""Small parts, few tries and short waits, but time for every answer: a slow machine is no fault (silence.py)."""
IN_PARTS: Final = QUICK._replace(copy_bytes=5 * MIB)
"""As if S3 copied at most 5 MiB at once."""
at_both_part_sizes = pytest.mark.parametrize("limits", [QUICK, IN_PARTS], ids=["whole", "in parts"])
Digests = dict[str, tuple[int, str]]


@dataclass
class Scene:
    """A project, its Hub, its bucket, and the environment in which `artifact-sync` runs."""

    root: Path
    hub: FakeHub
    s3: S3
    environ: dict[str, str] = field(default_factory=dict)
    models: dict[str, tuple[str, str]] = field(default_factory=dict)
    every_s: float = float("inf")
    """How often a run in this process says how it stands: never, as how slow the machine is, is not what we look at."""

    def __post_init__(self) -> None:
        ca = self.hub.ca or self.s3.ca
        trusted = {"SSL_CERT_FILE": str(ca)} if ca else {}
        self.environ = {"HF_ENDPOINT": self.hub.endpoint, "HF_TOKEN": TOKEN, **self.s3.env, **trusted, **self.environ}

    def add(self, name: str = "m", held: Mapping[str, Source] = FILES, repo: str = REPO, **more: Any) -> str:
        """Put a model on the Hub and in the catalog; returns its commit."""
        commit = self.hub.add(repo, held)
        self.models[name] = (repo, commit)
        catalog = (
            yaml.safe_load((self.root / "models.yaml").read_text()) if (self.root / "models.yaml").exists() else {}
        )
        entries = [*catalog.get("models", []), _entry(name, repo, commit, more)]
        self.write({**(catalog or yaml.safe_load(MINIMAL)), "models": entries})
        return commit

    def fill(self, proxy: FaultyS3, catalog: str | None = None) -> None:
        """Sync one model of a catalog of this name; later requests to S3 go through the proxy, which counts them."""
        self.add()
        if catalog:
            self.name(catalog)
        assert self.quick().code == 0
        self.environ["AWS_S3_ENDPOINT"] = proxy.endpoint
        self.hub.reset()

    def other(self, path: str) -> str:
        """The prefix of the only other commit that has this file."""
        [prefix] = {key.removesuffix(path) for key in self.present() if key.endswith(path)} - {self.prefix()}
        return prefix

    def move(self, held: Mapping[str, Source], name: str = "m") -> str:
        """Move a model to a new commit with these files, and forget old ones on the Hub; returns the old prefix."""
        old, (repo, _) = self.prefix(name), self.models[name]
        commit = self.hub.add(repo, held)
        catalog = self.catalog()
        next(entry for entry in catalog["models"] if entry["name"] == name)["source"]["revision"] = commit
        self.write(catalog)
        self.models[name] = (repo, commit)
        self.hub.reset()
        return old

    def write(self, catalog: object) -> None:
        """Replace the catalog."""
        project(self.root, yaml.safe_dump(catalog, sort_keys=False))

    def catalog(self) -> Any:
        """The catalog as it is written."""
        return yaml.safe_load((self.root / "models.yaml").read_text())

    def name(self, name: str) -> None:
        """Give the catalog a name, so that it can prune."""
        self.write({**self.catalog(), "name": name})

    def drop(self, name: str) -> None:
        """Take a model out of the catalog."""
        catalog = self.catalog()
        catalog["models"] = [entry for entry in catalog["models"] if entry["name"] != name]
        self.write(catalog)

    def put(self, path: str, body: bytes) -> None:
        """Write a file of the model without the tool."""
        with contextlib.closing(self.s3.client()) as client:
            client.put_object(Bucket=self.s3.bucket, Key=self.prefix() + path, Body=body)

    def delete(self, path: str) -> None:
        """Delete a file of the model without the tool."""
        with contextlib.closing(self.s3.client()) as client:
            client.delete_object(Bucket=self.s3.bucket, Key=self.prefix() + path)

    def sync(self, *argv: str) -> Ran:
        """Run the command in process, as users run it."""
        return self.run("sync", *argv)

    def run(self, *argv: str) -> Ran:
        """Run another command with the same environment."""
        with self._environment():
            return self.clean(run(*argv, root=self.root))

    def quick(  # noqa: PLR0913 - what a test may vary
        self,
        limits: TransferLimits = QUICK,
        models: tuple[str, ...] = (),
        environments: tuple[str, ...] = (),
        locked: Sequence[Locked] = (),
        output: str = "text",
        *,
        dry_run: bool = False,
        keep_going: bool = False,
    ) -> Ran:
        """The same with small parts, few tries and short waits."""
        out, err = io.StringIO(), io.StringIO()
        with self._environment(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            options = SyncOptions(Selection(models, environments), dry_run, keep_going, limits=limits)
            context = transfer.context(self.root, options, Event())
            context = context._replace(locked={(each.repo, each.commit): each for each in locked})
            try:
                code = 0 if transfer.act(context, "sync", output) else 1
            except InterruptedSyncError:
                code = 130
            except ReportedError:
                code = 2
            except GeneratorError as error:
                code = 2
                err.write(f"error: {error}\n  hint: {error.hint}\n")
        return self.clean(Ran(code, out.getvalue(), err.getvalue()))

    def start(self, *argv: str, **options: Any) -> "subprocess.Popen[str]":
        """Start the installed command."""
        command = [str(Path(sys.executable).with_name("artifact-sync")), "--root", str(self.root), *argv]
        env = {"PATH": os.environ["PATH"], "HOME": str(self.root), "PYTHONDONTWRITEBYTECODE": "1", **self.environ}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, env=env, **{**pipes, **options})

    def finish(self, process: "subprocess.Popen[str]", timeout: float = LONG_S) -> Ran:
        """Wait for a command that was started."""
        try:
            out, err = process.communicate(timeout=timeout)
        finally:
            process.kill()
        return self.clean(Ran(process.returncode, out, err))

    def clean(self, ran: Ran) -> Ran:
        """Check an output for what must never be in it."""
        said = ran.stdout + ran.stderr
        secret = (TOKEN, self.s3.access_key, self.s3.secret_key, "X-Amz-", "/large/", "Traceback")
        assert [word for word in secret if word in said] == [], said
        return ran

    def prefix(self, name: str = "m") -> str:
        """Where a model's files go."""
        return f"models/{name}/{self.models[name][1][:12]}/"

    def manifest(self, name: str = "m") -> Any:
        """What a model's manifest says, None without one."""
        raw = self.s3.read(self._manifest_key(name))
        return None if raw is None else json.loads(raw)

    def expect(self, *names: str, without: Iterable[str] = (), killed: bool = False) -> None:
        """The bucket contains exactly these models and their manifests; only killed runs leave uploads."""
        wanted: Digests = {}
        for name in names or ("m",):
            files = {path: value for path, value in self.promised(name).items() if path not in without}
            wanted |= {self.prefix(name) + path: value for path, value in files.items()}
            same(self._recorded(name), files)
            wanted[self._manifest_key(name)] = self.present()[self._manifest_key(name)]
        same(self.present(), wanted)
        same(killed or self.uploads(), killed or [])

    def expect_whole(self, name: str = "m", *, killed: bool = False) -> None:
        """The model and its manifest are there, and up to date, whatever else is in the bucket."""
        same(self.present(self.prefix(name)), self.promised(name))
        same(self._recorded(name), self.promised(name))
        same(killed or self.uploads(), killed or [])
        same(self.quick(models=(name,)).stdout, f"{name}: up to date\n")

    def promised(self, name: str = "m") -> Digests:
        """Size and sha256 of a model's files on the Hub, without the empty ones."""
        repo, commit = self.models[name]
        held = self.hub.repos[repo].commits[commit]
        return {
            path: (entry.content.size, entry.content.sha256) for path, entry in held.items() if entry.content.size > 0
        }

    def present(self, prefix: str = "") -> Digests:
        """Size and sha256 of all objects below a prefix."""
        return digests(self.s3.tree(prefix))

    def written(self, prefix: str) -> dict[str, int]:
        """When each large object below a prefix was written, in nanoseconds."""
        found = sorted((self.s3.root / prefix).glob("*.safetensors"))
        return {path.name: path.stat().st_mtime_ns for path in found}

    def visible(self, name: str = "m") -> None:
        """Everything visible is right, and there is a manifest only if the model is complete."""
        promised, present = self.promised(name), self.present(self.prefix(name))
        same({path: value for path, value in present.items() if promised.get(path) != value}, {})
        if self.manifest(name) is not None:
            same(present, promised)

    def uploads(self) -> list[str]:
        """The keys of unfinished multipart uploads."""
        client = self.s3.client()
        try:
            return [upload["Key"] for upload in client.list_multipart_uploads(Bucket=self.s3.bucket).get("Uploads", ())]
        finally:
            client.close()

    def download(self, into: Path, name: str = "m") -> Digests:
        """What KServe's initializer downloads into the pod."""
        ran = initialize(f"s3://{self.s3.bucket}/{self.prefix(name)}", into, self.s3.env)
        assert ran.returncode == 0, ran.stderr
        return digests(
            {file.relative_to(into).as_posix(): file.read_bytes() for file in into.rglob("*") if file.is_file()}
        )

    def _manifest_key(self, name: str) -> str:
        return manifest_key("models", name, self.models[name][1], self.catalog().get("name"))

    def _recorded(self, name: str) -> Digests:
        """The files of the manifest; its other fields are checked here."""
        manifest, (repo, commit) = self.manifest(name), self.models[name]
        assert manifest is not None, f"{name} has no manifest"
        files, etags = manifest.pop("files"), self._etags(name)
        chosen = next(entry for entry in self.catalog()["models"] if entry["name"] == name).get("files", {})
        profile = profile_digest(chosen.get("include", ()), chosen.get("exclude", ()))
        named = {"catalog": self.catalog()["name"]} if "name" in self.catalog() else {}
        same(manifest, {"schema": 1, "repo": repo, "commit": commit, "profile": profile, **named})
        same({file["path"]: file["etag"] for file in files}, etags)
        held = self.hub.repos[repo].commits[commit]
        for file in files:
            entry = held[file["path"]]
            assert file["git_sha1"] == (None if entry.lfs else entry.content.git)
        return {file["path"]: (file["size"], file["sha256"]) for file in files}

    def _etags(self, name: str) -> dict[str, str]:
        client, prefix = self.s3.client(), self.prefix(name)
        try:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=self.s3.bucket, Prefix=prefix)
            listed = [item for page in pages for item in page.get("Contents", ())]
            return {item["Key"].removeprefix(prefix): item["ETag"].strip('"') for item in listed}
        finally:
            client.close()

    @contextlib.contextmanager
    def _environment(self) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environ.items():
                patch.setenv(name, value)
            patch.setattr(progress, "_EVERY_S", self.every_s)
            patch.setattr(progress, "_TICK_S", min(self.every_s, 0.5))
            yield


def same(found: object, wanted: object) -> None:
    """Assert equality, and show both; pytest explains assertions of test modules only."""
    assert found == wanted, f"\nfound  {found}\nwanted {wanted}"


def wait_for(what: Callable[[], bool]) -> None:
    """Wait until the condition holds; fail if it never does."""
    until = time.monotonic() + LONG_S
    while not what():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.005)


def digests(tree: Mapping[str, bytes]) -> Digests:
    """Size and sha256 of each file: what a failed comparison can show."""
    return {path: (len(raw), hashlib.sha256(raw).hexdigest()) for path, raw in tree.items()}


def _entry(name: str, repo: str, commit: str, more: Mapping[str, Any]) -> dict[str, Any]:
    model = {"name": name, "source": {"repo": repo, "revision": commit}, "task": "embedding", "maxModelLen": 256}
    return {**model, "dimensions": 384, **more}
