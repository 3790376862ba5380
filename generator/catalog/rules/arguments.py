"""Arguments for vLLM: known to its version, safe in Git, and consistent with the model."""

from collections.abc import Iterator, Mapping
from typing import Final

from generator.catalog.model import Catalog, ServedModel, Violation
from generator.diagnostics import Loc, Severity
from generator.vllm import arguments as vllm
from generator.vllm.versions import Version

# Of vllm-project/vllm, at v0.18.0.
_DEFAULT_SEQUENCES: Final = 256
"""get_batch_defaults in vllm/engine/arg_utils.py; on a GPU of 70 GiB and more it is 1024."""
_FOR_DECODERS: Final = frozenset({"--enable-chunked-prefill", "--enable-prefix-caching"})
"""vllm/engine/arg_utils.py warns: "does not officially support"."""
_GPU_COUNTS: Final = ("--tensor-parallel-size", "--pipeline-parallel-size", "--data-parallel-size")
_COUNTS: Final = (*_GPU_COUNTS, "--max-num-batched-tokens", "--max-num-seqs")
_MOST_DIGITS: Final = 9
_AGAINST: Final = {
    "embedding": frozenset({"score", "classify"}),
    "reranker": frozenset({"embed", "embedding"}),
}
_Given = Mapping[str, tuple[str | None, Loc]]  # flag → its value, and where it stands


def _versions(catalog: Catalog) -> Iterator[Violation]:
    for runtime in catalog.runtimes.values():
        loc: Loc = ("runtimes", runtime.name)
        if minimum := vllm.too_old(runtime.task, runtime.vllm_version):
            message = f"vLLM {runtime.vllm_version} cannot serve the task {runtime.task}: it needs {minimum} or later"
            yield Violation((*loc, "vllmVersion"), "vllm-too-old", message, "use a newer image")
        for position, argument in enumerate(runtime.args):
            yield from _argument(argument, runtime.vllm_version, runtime.task, (*loc, "args", position))


def _arguments(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        version = catalog.runtimes[served.runtime].vllm_version
        for position, argument in enumerate(served.args):
            yield from _argument(argument, version, served.task, catalog.origin(served, "args", position))


def _argument(argument: str, version: Version, task: str, loc: Loc) -> Iterator[Violation]:
    if fault := vllm.fault(argument, version):
        yield Violation(loc, fault.code, fault.message, fault.hint)
        return
    flag, value = vllm.split(argument)
    if vllm.deprecated(flag, version):
        message = f"vLLM {version} warns that {flag} will be removed"
        yield Violation(loc, "deprecated-flag", message, vllm.instead(flag), Severity.WARNING)
    if flag == "--trust-remote-code":
        message = "the pod will run Python code from the model's repository"
        yield Violation(loc, "remote-code", message, "review that code at the pinned commit", Severity.WARNING)
    if flag in _COUNTS and value and value.isdecimal() and len(value) > _MOST_DIGITS:
        message = f"{flag} takes no number of {len(value)} digits"
        yield Violation(loc, "invalid-argument", message, "write a number that the hardware has room for")
    if flag in _FOR_DECODERS:
        message = f"{flag} can crash an encoder or corrupt its output"
        yield Violation(loc, "decoder-flag", message, "remove it, unless the model is a decoder", Severity.WARNING)
    if flag in ("--runner", "--task") and value in ("generate", "draft", "transcription"):
        yield Violation(loc, "wrong-runner", f"{flag}={value} does not serve the task {task}", "remove it")
    if flag in ("--convert", "--task") and value in _AGAINST[task]:
        yield Violation(loc, "wrong-runner", f"{flag}={value} does not serve the task {task}", "remove it")


def _consistency(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        shared = catalog.runtimes[served.runtime].args
        if shared or served.args or served.gpus > 1:
            given = {flag: (value, loc) for flag, value, loc in _given(served, shared, catalog)}
            yield from _batch(served, given)
            yield from _devices(served, given, catalog.origin(served, "resources", "gpu"))


def _given(served: ServedModel, shared: tuple[str, ...], catalog: Catalog) -> Iterator[tuple[str, str | None, Loc]]:
    """Every argument in the order in which vLLM reads them: of two alike, the last one counts."""
    for position, argument in enumerate(shared):
        yield *vllm.split(argument), ("runtimes", served.runtime, "args", position)
    for position, argument in enumerate(served.args):
        yield *vllm.split(argument), catalog.origin(served, "args", position)


def _batch(served: ServedModel, given: _Given) -> Iterator[Violation]:
    """SchedulerConfig in vllm/config/scheduler.py."""
    batch = _number(given, "--max-num-batched-tokens")
    if batch is None:
        return
    loc = given["--max-num-batched-tokens"][1]
    sequences = _number(given, "--max-num-seqs") or _DEFAULT_SEQUENCES
    if batch < sequences:
        message = f"--max-num-batched-tokens={batch} is below --max-num-seqs, {sequences}: vLLM refuses to start"
        yield Violation(loc, "batch-too-small", message, f"raise it to {sequences}, or lower --max-num-seqs")
    if batch < served.max_model_len and "--enable-chunked-prefill" not in given:
        whose = "" if loc[0] == "models" else f" of {served.name}"
        message = f"--max-num-batched-tokens={batch} is below the maxModelLen {served.max_model_len}{whose}"
        hint = f"raise it to {served.max_model_len}, or for a decoder add --enable-chunked-prefill"
        yield Violation(loc, "batch-too-small", f"{message}: vLLM refuses to start", hint)


def _devices(served: ServedModel, given: _Given, loc: Loc) -> Iterator[Violation]:
    used = 1
    for flag in _GPU_COUNTS:
        if number := _number(given, flag):
            used *= number
            loc = given[flag][1] if number > 1 else loc
    if used > max(served.gpus, 1):
        message = f"the arguments spread the model over {used} GPUs, but a replica has {served.gpus}"
        yield Violation(loc, "gpu-count-mismatch", message, "raise resources.gpu, or remove the argument")
    elif served.gpus > used:
        message = f"a replica has {served.gpus} GPUs, but vLLM uses only {used} of them"
        hint = f"lower resources.gpu to {used}, or add --tensor-parallel-size={served.gpus}"
        yield Violation(loc, "gpu-count-mismatch", message, hint, Severity.WARNING)


def _number(given: _Given, flag: str) -> int | None:
    value = given[flag][0] if flag in given else None
    return int(value) if value and value.isdecimal() and len(value) <= _MOST_DIGITS else None


RULES = (_versions, _arguments, _consistency)
