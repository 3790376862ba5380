"""Filling a bucket from the Hub, against what people use today: `make bench-sync`. docs/performance.md explains."""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from subprocess import PIPE, Popen
from typing import Final, NamedTuple

import fleet
from pipelines import OURS, PIPELINES, Job, floor, floor_again, ours
from processes import ENVIRONMENT, ChildError, Sample, run
from sync_servers import TOOLS, FastHub, LoggedS3, Tls, make_tls, roomy

MIB: Final = 1 << 20
GB: Final = 10**9
COMMIT: Final = "c0ffee00" * 5
NAIVE: Final = "hf download + aws s3 sync"
RCLONE: Final = "rclone copy :http: :s3:"
_SHARD: Final = "model-0000{}-of-00004.safetensors"
SHARDS: Final = {_SHARD.format(number): 512 * MIB for number in range(1, 5)}
SMALL: Final = {
    "1_Pooling/config.json": 190,
    "2_Normalize/config.json": 100,
    "README.md": 9_000,
    "config.json": 600,
    "config_sentence_transformers.json": 116,
    "model.safetensors.index.json": 20_000,
    "modules.json": 300,
    "sentence_bert_config.json": 53,
    "special_tokens_map.json": 700,
    "tokenizer.json": 400_000,
    "tokenizer_config.json": 1_200,
    "vocab.txt": 230_000,
}


class WrongOutputError(Exception):
    """What was measured did not do what it should."""


class Run(NamedTuple):
    """What one pipeline took, and how often it asked."""

    sample: Sample
    hub: int
    s3: int
    local_bytes: int


@dataclass(frozen=True, slots=True)
class Stage:
    """The servers, and a folder for everybody's files."""

    folder: Path
    tls: Tls
    hub: FastHub
    gateway: LoggedS3
    files: Mapping[str, int]
    sink: bool = False

    def job(self) -> Job:
        """A copy into a new bucket."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        s3 = self.gateway.bucket()
        job = Job(folder, self.hub, replace(s3, endpoint=self.hub.sink) if self.sink else s3, self.tls, self.files)
        job.prepare()
        return job

    def measure(self, job: Job, script: str) -> Run:
        """Run one, and check what it left in the bucket. Raises ChildError, WrongOutputError."""
        before = _bytes_below(job.folder)
        self.hub.requests(), self.gateway.requests()
        sample = run(job.command(script))
        _require_all(job, self.hub.held() if self.sink else _held(job))
        return Run(sample, self.hub.requests(), self.gateway.requests(), _bytes_below(job.folder) - before)

    def clear(self, job: Job) -> None:
        """Free the space."""
        shutil.rmtree(job.folder)
        shutil.rmtree(job.s3.root)


@dataclass(slots=True)
class Runs:
    """All runs of one pipeline: into an empty bucket, and again with nothing to do."""

    first: list[Run] = field(default_factory=list)
    again: list[Run] = field(default_factory=list)

    def speed(self, size: int) -> float:
        """MB per second, of the first runs."""
        return size / 1e6 / median(each.sample.wall_s for each in self.first)

    def cpu(self, size: int) -> float:
        """Processor seconds per GB, of the first runs."""
        return median(each.sample.cpu_s for each in self.first) / (size / GB)

    @property
    def peak(self) -> float:
        """MiB of the largest process."""
        return max(each.sample.rss_bytes for each in self.first) / MIB


def main() -> int:
    """Measure, print as it comes, and say by the exit code only whether the outputs were right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each pipeline runs, in turns")
    parser.add_argument("--huge", type=int, default=20, help="GB of the file that must not need memory; 0 for none")
    chosen = parser.parse_args()
    try:
        for line in _lines(chosen.rounds, chosen.huge * GB):
            print(line, flush=True)
    except (ChildError, WrongOutputError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _lines(rounds: int, huge: int) -> Iterator[str]:
    files = {**SHARDS, **SMALL}
    size = sum(files.values())
    with ExitStack() as stack:
        folder = stack.enter_context(roomy(4 * size))
        tls = make_tls(folder)
        hub = stack.enter_context(FastHub(tls, COMMIT, files))
        gateway = stack.enter_context(LoggedS3(TOOLS / "versitygw", folder / "s3", tls))
        stage = Stage(folder, tls, hub, gateway, files)
        yield f"{len(files)} files, {size / GB:.2f} GB; TLS on both sides; {os.cpu_count()} cores; {folder.parent}"
        stage.clear(_filled(stage))  # does not count: Python writes its bytecode the first time
        yield "\nto an S3 server that keeps nothing, as if it were elsewhere"
        yield from _pipelines(replace(stage, sink=True), rounds, size)
        yield from _floor(replace(stage, sink=True), rounds)
        yield "\nto versitygw, which works on the same cores"
        runs = yield from _pipelines(stage, rounds, size)
        yield "\nthe same again, with nothing to do"
        yield from _again(runs)
        yield _imports(stage, runs[OURS], rounds)
        yield ""
        yield from _drift(stage)
        yield from _moved(stage)
        yield from _killed(stage)
        yield f"\nfleets, with {fleet.LATENCY_S * 1000:.0f} ms between a sync and its bucket"
        yield from (_bar(*figure) for figure in fleet.lines(folder, tls, COMMIT))
    if huge:
        yield from _huge(huge)


def _filled(stage: Stage) -> Job:
    """A bucket that we have filled."""
    job = stage.job()
    stage.measure(job, ours(job))
    return job


def _pipelines(stage: Stage, rounds: int, size: int) -> Generator[str, None, Mapping[str, Runs]]:
    runs = {name: Runs() for name in PIPELINES}
    for _ in range(rounds):
        for name, script in PIPELINES.items():
            job = stage.job()
            runs[name].first.append(stage.measure(job, script(job)))
            if not stage.sink:
                runs[name].again.append(stage.measure(job, script(job)))
            stage.clear(job)
    yield f"{'':28}{'MB/s':>7}{'CPU s/GB':>10}{'peak MiB':>10}{'local MB':>10}{'to Hub':>8}{'to S3':>7}"
    for name, own in runs.items():
        last = own.first[-1]
        numbers = f"{own.speed(size):7.0f}{own.cpu(size):10.2f}{own.peak:10.0f}{last.local_bytes / 1e6:10.0f}"
        yield f"{name:28}{numbers}{last.hub:8}{'' if stage.sink else last.s3:>7}"
    yield from _bars(runs, size)
    return runs


def _floor(stage: Stage, rounds: int) -> Iterator[str]:
    """The shards only, which are nearly all."""
    job, size = stage.job(), sum(SHARDS.values())
    samples = [run(job.command(floor(job, 512 * MIB, *SHARDS))) for _ in range(rounds)]
    cpu_s, wall_s = (median(getattr(sample, what) for sample in samples) for what in ("cpu_s", "wall_s"))
    yield f"  the libraries alone: {size / 1e6 / wall_s:.0f} MB/s, {cpu_s / (size / GB):.2f} CPU seconds per GB"


def _imports(stage: Stage, mine: Runs, rounds: int) -> str:
    """Nothing to do, to what Python takes to import the libraries."""
    job = stage.job()
    alone = median(run(job.command(floor_again(job))).cpu_s for _ in range(rounds))
    again = median(each.sample.cpu_s for each in mine.again)
    return _bar("nothing to do: CPU, to that of the imports alone", again / alone, 1.3)


def _again(runs: Mapping[str, Runs]) -> Iterator[str]:
    yield f"{'':28}{'s':>7}{'CPU s':>10}{'':20}{'to Hub':>8}{'to S3':>7}"
    for name, own in runs.items():
        wall_s, cpu_s = (median(getattr(each.sample, what) for each in own.again) for what in ("wall_s", "cpu_s"))
        yield f"{name:28}{wall_s:7.2f}{cpu_s:10.2f}{'':20}{own.again[-1].hub:8}{own.again[-1].s3:7}"
    mine = runs[OURS].again
    yield _bar("nothing to do: requests to S3", max(each.s3 for each in mine), 2)
    yield _bar("nothing to do: requests to the Hub", max(each.hub for each in mine), 0)


def _bars(runs: Mapping[str, Runs], size: int) -> Iterator[str]:
    mine, naive, rclone = runs[OURS], runs[NAIVE], runs[RCLONE]
    written = max(max(each.sample.disk_bytes or 0, each.local_bytes) for each in mine.first)
    yield _bar("throughput, times that of the naive pipeline", mine.speed(size) / naive.speed(size), 2.5, least=True)
    yield _bar("throughput, times rclone's", mine.speed(size) / rclone.speed(size), 1, least=True)
    yield _bar("CPU per GB, to the naive pipeline's", mine.cpu(size) / naive.cpu(size), 0.35)
    yield _bar("CPU per GB, to rclone's, which verifies nothing", mine.cpu(size) / rclone.cpu(size), 0.85)
    yield _bar("CPU seconds per GB", mine.cpu(size), 2.4)
    yield _bar("peak memory, MiB", mine.peak, 200)
    yield _bar("bytes written to a disk, or left in any file", written, 0)


def _drift(stage: Stage) -> Iterator[str]:
    """Another program has truncated an object."""
    job = _filled(stage)
    path = next(iter(SHARDS))
    (job.s3.root / job.prefix / path).write_bytes(b"cut")
    yield from _resent(job, "one file of the bucket damaged", stage.files[path])
    stage.clear(job)


def _moved(stage: Stage) -> Iterator[str]:
    """The revision moves to a commit in which one file is another."""
    job = _filled(stage)
    changed = {**stage.files, "tokenizer.json": 400_001}
    with FastHub(stage.tls, "decade00" * 5, changed) as hub:
        later = replace(job, hub=hub, files=changed)
        later.prepare()
        yield from _resent(later, "one file changed by a new commit", sum(SMALL.values()) + 1)
    stage.clear(job)


def _killed(stage: Stage) -> Iterator[str]:
    """Killed as soon as half of the bytes are stored."""
    job = stage.job()
    half = sum(stage.files.values()) / 2
    _kill_when(job, lambda: sum(_held(job).values()) >= half)
    held = _held(job)
    missing = sum(size for path, size in stage.files.items() if held.get(_key(job, path)) != size)
    yield from _resent(job, "killed half-way", missing)
    stage.clear(job)


def _kill_when(job: Job, reached: Callable[[], bool]) -> None:
    command = job.command(ours(job))
    with Popen(command.argv, cwd=command.folder, env={**ENVIRONMENT, **command.env}, stdout=PIPE, stderr=PIPE) as sync:
        while sync.poll() is None and not reached():
            time.sleep(0.01)
        if sync.poll() is not None:
            raise WrongOutputError("the sync ended before it could be killed")
        sync.kill()


def _resent(job: Job, what: str, allowed: int) -> Iterator[str]:
    command = job.command(f"{ours(job)} --output json")
    with Popen(command.argv, cwd=command.folder, env={**ENVIRONMENT, **command.env}, stdout=PIPE, stderr=PIPE) as sync:
        told, errors = sync.communicate()
    if sync.returncode:
        raise WrongOutputError(f"{what}: the next sync failed\n{errors.decode(errors='replace')}")
    _require_all(job, _held(job))
    yield _bar(f"{what}: MB sent by the next run", json.loads(told)["bytes"] / 1e6, allowed / 1e6)


def _huge(size: int) -> Iterator[str]:
    """A file larger than memory, to a server that keeps nothing."""
    files = {"model.safetensors": size, "config.json": 600}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tls = make_tls(folder)
        with FastHub(tls, COMMIT, files) as hub, LoggedS3(TOOLS / "versitygw", folder / "s3", tls) as gateway:
            stage = Stage(folder, tls, hub, gateway, files, sink=True)
            job = stage.job()
            sample = stage.measure(job, ours(job)).sample
    yield ""
    yield f"one file of {size / GB:.0f} GB, to a server that keeps nothing: {size / 1e6 / sample.wall_s:.0f} MB/s"
    yield _bar("peak memory, MiB", sample.rss_bytes / MIB, 200)
    yield _bar("bytes written to a disk", sample.disk_bytes or 0, 0)


def _bar(what: str, value: float, bar: float, *, least: bool = False) -> str:
    met = value >= bar if least else value <= bar
    number = f"{value:,.2f}" if value != int(value) else f"{value:,.0f}"
    return f"  {what:56}{number:>10}  {'at least' if least else 'at most'} {bar:,.6g}{'' if met else '  NOT MET'}"


def _require_all(job: Job, held: Mapping[str, int]) -> None:
    """Raises WrongOutputError unless every file is there."""
    wrong = [path for path, size in job.files.items() if held.get(_key(job, path)) != size]
    if wrong:
        raise WrongOutputError(f"not in the bucket as they should be: {', '.join(wrong)}")


def _held(job: Job) -> dict[str, int]:
    """The sizes of the objects below the prefix, by bucket and key."""
    root = job.s3.root.parent
    files = [path for path in (job.s3.root / job.prefix).rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): path.stat().st_size for path in files}


def _key(job: Job, path: str) -> str:
    return f"{job.s3.bucket}/{job.prefix}/{path}"


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    sys.exit(main())
