"""Which files of a repository vLLM reads, and a sync therefore copies. Pure."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

# fnmatch's `*` crosses folders, as it does in the Hub's own filters (huggingface/huggingface_hub
# src/huggingface_hub/utils/_paths.py @ v2.4.0) and in KServe's (opendatahub-io/kserve
# python/storage/kserve_storage/kserve_storage.py @ odh-v3.4). What vLLM reads is in vllm-project/vllm
# vllm/model_executor/model_loader/default_loader.py @ v0.18.0; the rest of the lists is ours.
KEPT: Final = tuple(
    """*.safetensors *.safetensors.index.json *.bin *.bin.index.json *.json *.jinja *.txt *.model *.tiktoken *.bpe *.py
    tokenizer* vocab* merges* LICENSE* NOTICE* README.md""".split()
)
DROPPED: Final = tuple(
    """original/* onnx/* openvino/* coreml/* runs/* eval/* imgs/* *.onnx* *.gguf *.h5 *.pth *.msgpack *.ot *.tflite
    *.mlmodel* tf_model* flax_model* rust_model* training_args.bin optimizer.* scheduler.* rng_state* data_config.json
    train_script.py""".split()
)
_TORCH_WEIGHTS: Final = ("pytorch_model*.bin", "pytorch_model*.bin.index.json")
_WEIGHTS: Final = (".safetensors", ".bin")
_TRAINING_STATE: Final = frozenset({"training_args.bin", "optimizer.bin"})


class ModelFile(NamedTuple):
    """A file of a repository. Exactly one of the two digests is known: the Hub keeps sha256 for large files only."""

    path: str
    size: int
    sha256: str | None
    git_sha1: str | None
    """sha1 over `blob <size>\\0<content>`, as Git names the file."""


class Selection(NamedTuple):
    """What is copied, what is not, and what is wrong with the choice. `problems` stop a sync."""

    chosen: tuple[ModelFile, ...]
    skipped: tuple[ModelFile, ...]
    problems: tuple[str, ...]


def select(files: Sequence[ModelFile], include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Selection:
    """Select files by the default patterns, plus `include`, minus `exclude`.

    Torch's own weights are left out when there are safetensors at the root: vLLM would not read them. Zero-byte files
    are left out, because KServe does not download them (_download_s3 in its kserve_storage.py).
    """
    dropped = (*DROPPED, *(_TORCH_WEIGHTS if _has_safetensors(files) else ()))
    chosen: list[ModelFile] = []
    skipped: list[ModelFile] = []
    for file in files:
        wanted = _matches(file.path, include) or (_matches(file.path, KEPT) and not _matches(file.path, dropped))
        keep = wanted and not _matches(file.path, exclude) and file.size > 0
        (chosen if keep else skipped).append(file)
    return Selection(tuple(chosen), tuple(skipped), tuple(_problems(chosen)))


def is_weights(path: str) -> bool:
    """Whether a file holds weights that a sync copies and vLLM loads: safetensors or Torch's, at the root."""
    return path.endswith(_WEIGHTS) and "/" not in path and path not in _TRAINING_STATE


def _matches(path: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(path, f"{pattern}*" if pattern.endswith("/") else pattern) for pattern in patterns)


def _has_safetensors(files: Iterable[ModelFile]) -> bool:
    return any(file.path.endswith(".safetensors") and "/" not in file.path for file in files)


def _problems(chosen: Sequence[ModelFile]) -> Iterable[str]:
    paths = [file.path for file in chosen]
    if "config.json" not in paths:
        yield "there is no config.json"
    if not any(map(is_weights, paths)):
        yield "there are no weights (*.safetensors or *.bin at the root)"
    folded: dict[str, str] = {}
    for path in paths:
        if path.startswith("/") or "\\" in path or ".." in path.split("/"):
            yield f"the path '{path}' leads outside its folder"
        other = folded.setdefault(path.casefold(), path)
        if other != path:
            yield f"'{other}' and '{path}' differ only in case"
