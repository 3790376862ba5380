"""What the lock records of a repository at a commit, read from the Hub."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from generator.commits import short
from generator.hub.client import Hub
from generator.hub.errors import HubError
from generator.hub.files import ModelFile
from generator.lock.lockfile import Locked
from generator.vllm import model_config as config

_MOST_BYTES: Final = 16 << 20
_HEADER_GUESS: Final = 1 << 17
_MOST_HEADER: Final = 100 << 20
_LENGTH_BYTES: Final = 8


def inspect(hub: Hub, repo: str, commit: str) -> Locked:
    """Ask the Hub. Raises HubError, also when a file is not what its digest says."""
    description = hub.describe(repo, commit)
    files = hub.tree(repo, commit)
    by_path = {file.path: file for file in files}
    found = _configs(hub, repo, commit, by_path)
    facts = config.Facts(
        license=description.license,
        gated=description.gated,
        tensors=_tensors(hub, repo, commit, by_path),
        config=dict(sorted(found.items())),
    )
    return Locked(repo, commit, files, facts)


def _configs(hub: Hub, repo: str, commit: str, files: Mapping[str, ModelFile]) -> dict[str, Any]:
    found = {path: _facts(hub, repo, commit, files[path]) for path in config.at_root(files)}
    modules = config.of_modules(found.get(config.MODULES), files)
    return found | {path: _facts(hub, repo, commit, files[path]) for path in modules}


def _facts(hub: Hub, repo: str, commit: str, file: ModelFile) -> Any:
    content = hub.read(repo, commit, file.path, _MOST_BYTES)
    if not _is(content, file):
        message = f"{file.path} in {repo} at {short(commit)} is not the file that the Hub lists"
        raise HubError(message, hint="run this again; if the error stays, a proxy or mirror is changing files")
    try:
        return config.facts(file.path, content)
    except ValueError:
        message = f"{file.path} in {repo} at {short(commit)} cannot be read"
        raise HubError(message, hint="choose another revision: vLLM could not read it either") from None


def _is(content: bytes, file: ModelFile) -> bool:
    if file.sha256 is not None:
        return hashlib.sha256(content).hexdigest() == file.sha256
    digest = hashlib.sha1(b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest() == file.git_sha1


def _tensors(hub: Hub, repo: str, commit: str, files: Mapping[str, ModelFile]) -> dict[str, int]:
    """The weights' elements by type, from the headers of the safetensors at the root."""
    counted: dict[str, int] = {}
    for path in files:
        if path.endswith(".safetensors") and "/" not in path:
            try:
                found = config.tensors(_header(hub, repo, commit, path))
            except ValueError:
                message = f"{path} in {repo} at {short(commit)} is not a valid safetensors file"
                raise HubError(message, hint="choose another revision") from None
            for kind, count in found.items():
                counted[kind] = counted.get(kind, 0) + count
    return counted


def _header(hub: Hub, repo: str, commit: str, path: str) -> bytes:
    start = hub.read_start(repo, commit, path, _HEADER_GUESS)
    length = int.from_bytes(start[:_LENGTH_BYTES], "little")
    if length > _MOST_HEADER:
        raise ValueError("the header is too long")
    if len(start) < _LENGTH_BYTES + length:
        start = hub.read_start(repo, commit, path, _LENGTH_BYTES + length)
    return start[_LENGTH_BYTES : _LENGTH_BYTES + length]
