"""Arguments for vLLM: known to its version, safe in Git, and consistent with the model."""

from collections.abc import Iterator, Mapping
from typing import Final

from generator import vllm
from generator.catalog.resolved import Catalog, ServedModel, Violation
from generator.diagnostics import Loc, Severity

_DEFAULT_SEQUENCES: Final = 256
_FOR_DECODERS: Final = frozenset({"--enable-chunked-prefill", "--enable-prefix-caching"})
_GPU_COUNTS: Final = ("--tensor-parallel-size", "--pipeline-parallel-size", "--data-parallel-size")


def _versions(catalog: Catalog) -> Iterator[Violation]:
    for runtime in catalog.runtimes.values():
        loc: Loc = ("runtimes", runtime.name)
        if minimum := vllm.too_old(runtime.task, runtime.vllm_version):
            message = f"vLLM {runtime.vllm_version} cannot serve the task {runtime.task}: {minimum} was the first"
            yield Violation((*loc, "vllmVersion"), "vllm-too-old", message, "choose a newer image")
        for position, argument in enumerate(runtime.args):
            yield from _argument(argument, runtime.vllm_version, (*loc, "args", position))


def _arguments(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        version = catalog.runtimes[served.runtime].vllm_version
        for position, argument in enumerate(served.args):
            yield from _argument(argument, version, catalog.origin(served, "args", position))


def _argument(argument: str, version: str, loc: Loc) -> Iterator[Violation]:
    if fault := vllm.fault(argument, version):
        yield Violation(loc, fault.code, fault.message, fault.hint)
    elif flag := vllm.deprecated(argument, version):
        message = f"vLLM {version} warns that {flag} will go"
        yield Violation(loc, "deprecated-flag", message, severity=Severity.WARNING)
    flag, value = vllm.split(argument)
    if flag == "--trust-remote-code":
        message = "the model's own Python code will run in the pod"
        yield Violation(loc, "remote-code", message, "read that code at the pinned commit", Severity.WARNING)
    if flag in _FOR_DECODERS:
        message = f"{flag} may crash an encoder or make its output wrong"
        yield Violation(loc, "decoder-flag", message, "remove it unless this is a decoder", Severity.WARNING)
    if flag == "--runner" and value == "generate":
        yield Violation(loc, "wrong-runner", "a model that generates text serves neither task", "remove it")


def _consistency(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        shared = catalog.runtimes[served.runtime].args
        if shared or served.args:
            given = dict(vllm.split(argument) for argument in (*shared, *served.args))
            loc = catalog.origin(served, "args") if served.args else ("runtimes", served.runtime, "args")
            yield from _batch(served, given, loc)
            yield from _devices(served, given, loc)


def _batch(served: ServedModel, given: Mapping[str, str | None], loc: Loc) -> Iterator[Violation]:
    batch = _number(given.get("--max-num-batched-tokens"))
    if batch is None:
        return
    sequences = _number(given.get("--max-num-seqs")) or _DEFAULT_SEQUENCES
    for least, what in ((served.max_model_len, "maxModelLen"), (sequences, "--max-num-seqs")):
        if batch < least:
            message = f"--max-num-batched-tokens={batch} is below {what}, {least}: vLLM refuses to start"
            yield Violation(loc, "batch-too-small", message, f"raise it to {least} or more")


def _devices(served: ServedModel, given: Mapping[str, str | None], loc: Loc) -> Iterator[Violation]:
    wanted = 1
    for flag in _GPU_COUNTS:
        wanted *= _number(given.get(flag)) or 1
    if wanted > max(served.gpus, 1):
        message = f"the arguments spread the model over {wanted} GPUs, and a replica has {served.gpus}"
        yield Violation(loc, "gpu-count-mismatch", message, "raise resources.gpu, or remove the argument")


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isdecimal() else None


RULES = (_versions, _arguments, _consistency)
