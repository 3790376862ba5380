"""Speed as ratios against peers in the same run: `make bench`. docs/performance.md says what the figures mean."""

import compileall
import itertools
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

from catalogs import ENVIRONMENTS, catalog
from processes import MEMORY, ChildError, Command, Figures, alternate, run

ROOT: Final = Path(__file__).parent.parent
KUSTOMIZE: Final = ROOT / ".tools/bin/kustomize"
GENERATE: Final = (str(Path(sys.executable).with_name("generate")),)
IMPORTS: Final = (sys.executable, "-c", "import pydantic, yaml, click")
# The text is in memory before anything is saved, which is done once, for the comparison.
KCL: Final = """\
import json, pathlib, sys
import kcl_lib.api as kcl
result = kcl.API().exec_program(kcl.ExecProgramArgs(k_filename_list=["models.k"], disable_yaml_result=True))
if result.err_message:
    sys.exit(result.err_message)
streams = json.loads(result.json_result)
for name in sys.argv[1:]:
    pathlib.Path(name).write_text(streams[pathlib.Path(name).stem])
"""
OBJECTS: Final = 8000  # of a thousand models: two kinds, in three environments and in base
STREAMS: Final = ("base.yaml", "rendered.yaml")
GB: Final = 10**9
ROOM_BYTES: Final = 3 * GB  # for a hundred thousand small files, and the process that writes them
ROOM_FILES: Final = 200_000
EDITED: Final = "embedder-00499"


class WrongOutputError(Exception):
    """What was measured did not do what it should."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: least and median wall time, least processor time, and the ratios of the three.

    `bar` is what the first of the ratios, or else the value, may be at most.
    """

    what: str
    runs: str = ""
    least: str = ""
    median: str = ""
    cpu: str = ""
    ratio: str = ""
    bar: str = ""
    met: str = ""

    def __str__(self) -> str:
        times = f"{self.runs:>4}  {self.least:>7}  {self.median:>7}  {self.cpu:>7}"
        return f"{self.what:<54}{times}  {self.ratio:>17}  {self.bar:>4}  {self.met}".rstrip()


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of our own, and the file system it is on."""

    folder: Path
    filesystem: str

    def project(self, name: str, text: str) -> Path:
        """A new project folder that holds only a catalog."""
        folder = self.folder / name
        folder.mkdir()
        (folder / "models.yaml").write_text(text, "utf-8")
        return folder


def main() -> int:
    """Measure, print as it comes, and say by the exit code only whether the outputs were right."""
    compileall.compile_dir(ROOT / "generator", quiet=1)
    parents = [Path(tempfile.gettempdir())]
    if MEMORY and _filesystem(MEMORY) != _filesystem(parents[0]):
        parents.append(MEMORY)
    folders = [Path(tempfile.mkdtemp(prefix="bench-", dir=parent)) for parent in parents]
    try:
        for row in _rows([Place(folder, _filesystem(folder)) for folder in folders]):
            print(row, flush=True)
    except (ChildError, WrongOutputError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        for folder in folders:
            shutil.rmtree(folder)
    return 0


def _rows(places: list[Place]) -> Iterator[Row | str]:
    on = ", ".join(place.filesystem for place in places)
    yield f"Python {platform.python_version()}, {os.cpu_count()} cores; files on {on}"
    yield ""
    yield Row("", "runs", "least", "median", "cpu", "ratio of each", "bar", "met")
    yield from _start(places)
    thousand = {place.filesystem: place.project("thousand", catalog(1000)) for place in places}
    first = yield from _thousand(thousand)
    yield from _kustomize(thousand, first)
    yield from _edit(thousand)
    for folder in thousand.values():
        shutil.rmtree(folder)
    yield from _ten_thousand(places, first)


def _start(places: list[Place]) -> Iterator[Row | str]:
    yield "\n7 models x 2 environments, against the bare imports"
    commands = [Command(IMPORTS, places[0].folder)]
    for place in places:
        folder = place.project("start", (ROOT / "models.yaml").read_text("utf-8"))
        if (lock := ROOT / "models.lock.yaml").exists():
            shutil.copy(lock, folder)
        commands += [Command(GENERATE, folder, partial(_clear, folder)), Command(GENERATE, folder)]
    alternate(commands, rounds=1, limit_s=0)
    peer, *ours = alternate(commands, rounds=25, limit_s=40)
    yield _timed('python -c "import pydantic, yaml, click"', peer)
    for place, first, again in zip(places, ours[::2], ours[1::2], strict=True):
        yield _timed(f"generate, {place.filesystem}, into an empty folder", first, peer, 2)
        yield _timed(f"generate, {place.filesystem}, nothing to do", again, peer, 2)


def _thousand(folders: dict[str, Path]) -> Generator[Row | str, None, dict[str, Figures]]:
    """Return the figures of the first runs, by file system."""
    yield f"\n1,000 models x 3 environments, against KCL {version('kcl-lib')}, which writes nothing"
    folder = next(iter(folders.values()))
    shutil.copy(ROOT / "bench/models.k", folder)
    kcl = Command((sys.executable, "-c", KCL), folder)
    _compare(folder, kcl)
    yield f"KCL's {OBJECTS:,} documents and our files, parsed: equal"
    commands = [kcl]
    for folder in folders.values():
        commands += [Command(GENERATE, folder, partial(_clear, folder)), Command(GENERATE, folder)]
    peer, *ours = alternate(commands, rounds=7, limit_s=80)
    yield _timed("KCL: 6,000 rendered objects and 2,000 of base", peer)
    for filesystem, first, again in zip(folders, ours[::2], ours[1::2], strict=True):
        yield _timed(f"generate, {filesystem}, into an empty folder", first, peer, 1)
        yield _timed(f"generate, {filesystem}, nothing to do", again, peer, 1)
    return dict(zip(folders, ours[::2], strict=True))


def _compare(folder: Path, kcl: Command) -> None:
    """Raises ChildError unless KCL's documents are, parsed, our files."""
    run(Command(GENERATE, folder))
    run(Command((*kcl.argv, *STREAMS), folder))
    run(Command((sys.executable, str(ROOT / "bench/equal.py"), str(OBJECTS), ".", *STREAMS), folder))


def _kustomize(folders: dict[str, Path], first: dict[str, Figures]) -> Iterator[Row | str]:
    if not KUSTOMIZE.exists():
        yield "\nagainst kustomize: not measured, there is none in .tools/bin"
        return
    filesystem, folder = list(folders.items())[-1]
    yield f"\nthe same, against kustomize ({filesystem}), which writes nothing"
    builds = [
        alternate([Command((str(KUSTOMIZE), "build", f"overlays/{name}/models"), folder)], rounds=1, limit_s=0)[0]
        for name in ENVIRONMENTS
    ]
    for name, build in zip(ENVIRONMENTS, builds, strict=True):
        yield _timed(f"kustomize build overlays/{name}/models", build)
    timeout_s = tuple(map(sum, zip(*map(_times, builds), strict=True)))
    for where, ours in first.items():
        yield _row(f"generate, {where}, into an empty folder; to the sum", ours, timeout_s, 1 / 20)


def _edit(folders: dict[str, Path]) -> Iterator[Row | str]:
    filesystem, folder = list(folders.items())[-1]
    yield f"\none model of 1,000 given another maxModelLen ({filesystem})"
    texts = itertools.cycle((_edited(catalog(1000)), catalog(1000)))
    command = Command(GENERATE, folder, lambda: _replace(folder, next(texts)))
    before = _stamps(folder)
    run(command)
    rewritten = {path for path, stamp in _stamps(folder).items() if before.get(path) != stamp} - {"models.yaml"}
    others = sorted(path for path in rewritten if EDITED not in path and not path.startswith("docs/catalog."))
    if others or not rewritten:
        raise WrongOutputError(f"rewritten for {EDITED}: {', '.join(others) or 'nothing'}")
    yield _timed("generate", alternate([command], rounds=8, limit_s=15)[0])
    yield Row("files rewritten: that model's and docs/catalog.*", least=str(len(rewritten)))
    yield from (f"  {path}" for path in sorted(rewritten))


def _ten_thousand(places: list[Place], thousand: dict[str, Figures]) -> Iterator[Row | str]:
    """On the last file system with room for it."""
    roomy = [place for place in places if _has_room(place.folder)]
    if not roomy:
        yield "\n10,000 models x 3 environments: not measured, there is no room for 120,000 files"
        return
    place = roomy[-1]
    yield f"\n10,000 models x 3 environments ({place.filesystem}), against 1,000"
    folder = place.project("tenthousand", catalog(10_000))
    commands = [Command(GENERATE, folder, partial(_clear, folder)), Command(GENERATE, folder)]
    first, again = alternate(commands, rounds=3, limit_s=40)
    yield _timed("generate, into an empty folder", first, thousand[place.filesystem])
    yield _timed("generate, nothing to do", again)
    for what, figures in (("into an empty folder", first), ("nothing to do", again)):
        peak = f"{figures.rss_bytes / GB:.2f} GB"
        yield Row(f"peak memory, {what}", least=peak, bar="1 GB", met=_verdict(figures.rss_bytes, GB))


def _timed(what: str, ours: Figures, peer: Figures | None = None, bar: float | None = None) -> Row:
    return _row(what, ours, _times(peer) if peer else None, bar)


def _row(what: str, ours: Figures, peer_s: tuple[float, ...] | None, bar: float | None) -> Row:
    times_s = _times(ours)
    least, middle, cpu = map(_seconds, times_s)
    runs = str(len(ours.samples))
    if peer_s is None:
        return Row(what, runs, least, middle, cpu)
    ratios = [own / other for own, other in zip(times_s, peer_s, strict=True)]
    shown = " ".join(f"{ratio:5.3f}" if ratio < 1 / 10 else f"{ratio:5.2f}" for ratio in ratios)
    if bar is None:
        return Row(what, runs, least, middle, cpu, shown)
    return Row(what, runs, least, middle, cpu, shown, f"{bar:g}", _verdict(ratios[0], bar))


def _times(figures: Figures) -> tuple[float, ...]:
    return figures.least_s, figures.median_s, figures.cpu_s


def _verdict(value: float, bar: float) -> str:
    return "yes" if value <= bar else "NO"


def _seconds(duration_s: float) -> str:
    return f"{duration_s * 1000:.0f} ms" if duration_s < 1 else f"{duration_s:.2f} s"


def _edited(text: str) -> str:
    head, name, tail = text.partition(f"- name: {EDITED}\n")
    return head + name + tail.replace("maxModelLen: 512\n", "maxModelLen: 384\n", 1)


def _replace(folder: Path, text: str) -> None:
    (folder / "models.yaml").write_text(text, "utf-8")


def _clear(folder: Path) -> None:
    """Leave only the catalog, and KCL's program."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)


def _stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """What changes when a file is replaced, even by the same content."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


def _has_room(folder: Path) -> bool:
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    if MEMORY in folder.parents:
        free = min(free, os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return free > ROOM_BYTES and (disk.f_favail > ROOM_FILES or not disk.f_files)


def _filesystem(folder: Path) -> str:
    """The type of the file system that holds `folder`."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text("utf-8").splitlines()]
    except OSError:
        return str(folder.parent)
    holding = [(Path(mount[1]), mount[2]) for mount in mounts if folder.is_relative_to(mount[1])]
    return max(holding, key=lambda mount: len(mount[0].parts))[1]


if __name__ == "__main__":
    sys.exit(main())
