"""Many models at once, with the latency of a network between a sync and its bucket."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from pipelines import Job, ours
from processes import Sample, run
from sync_servers import TOOLS, FastHub, FaultyS3, LoggedS3, Tls

LATENCY_S: Final = 0.03
_MODELS: Final = 1_000
_TINY: Final = {"config.json": 600, "model.safetensors": 100}
_NEW_MODELS: Final = 200
_SMALL: Final = {**_TINY, **{f"part/{number:02}.json": 200 + number for number in range(28)}}


def up_to_date(folder: Path, tls: Tls, commit: str, gateway: LoggedS3) -> tuple[Sample, int]:
    """What a run takes that finds every model in the bucket, and its requests to S3."""
    with FastHub(tls, commit, _TINY) as hub:
        job = _job(folder / "up-to-date", tls, hub, gateway, _TINY, _MODELS)
        run(job.command(ours(job)))
        return _from_afar(job, gateway)


def new(folder: Path, tls: Tls, commit: str, gateway: LoggedS3) -> tuple[Sample, int]:
    """What the first run of a fleet of small files takes, and its requests to the Hub."""
    with FastHub(tls, commit, _SMALL) as hub:
        job = _job(folder / "new", tls, hub, gateway, _SMALL, _NEW_MODELS)
        hub.requests()
        sample, _ = _from_afar(job, gateway)
        return sample, hub.requests()


def lines(folder: Path, tls: Tls, commit: str) -> Iterator[tuple[str, float, float]]:
    """Each figure, and the most that it may be. S3 is without TLS: the proxy has enough to do on these cores."""
    with LoggedS3(TOOLS / "versitygw", folder / "fleet-s3") as gateway:
        yield from _lines(folder, tls, commit, gateway)


def _lines(folder: Path, tls: Tls, commit: str, gateway: LoggedS3) -> Iterator[tuple[str, float, float]]:
    sample, requests = up_to_date(folder, tls, commit, gateway)
    yield f"{_MODELS:,} models up to date: requests to S3", requests, 2 * _MODELS
    yield "the same: seconds, to those that four at a time would wait", sample.wall_s, 2 * _MODELS * LATENCY_S / 4
    yield "the same: peak memory, MiB", sample.rss_bytes / (1 << 20), 200
    sample, requests = new(folder, tls, commit, gateway)
    yield f"{_NEW_MODELS} new models of {len(_SMALL)} small files: requests to the Hub", requests, _least_requests()
    yield "the same: peak memory, MiB", sample.rss_bytes / (1 << 20), 200


def _least_requests() -> int:
    """One for each model's tree, and one for each file."""
    return _NEW_MODELS * (1 + len(_SMALL))


def _job(folder: Path, tls: Tls, hub: FastHub, gateway: LoggedS3, files: Mapping[str, int], count: int) -> Job:
    """A catalog of so many models, all of the one repository that the Hub has."""
    folder.mkdir()
    job = Job(folder, hub, gateway.bucket(), tls, files)
    job.prepare()
    catalog = folder / "models.yaml"
    head, name, model = catalog.read_text("utf-8").partition("  - name: m\n")
    models = (f"{name.rstrip()}{number:04}\n{model}" for number in range(count))
    catalog.write_text(head + "".join(models), "utf-8")
    return job


def _from_afar(job: Job, gateway: LoggedS3) -> tuple[Sample, int]:
    with FaultyS3(job.s3.endpoint) as proxy:
        proxy.faults.far(LATENCY_S)
        gateway.requests()
        far = replace(job, s3=job.s3.through(proxy.endpoint))
        return run(far.command(ours(far))), gateway.requests()
