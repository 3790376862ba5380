"""Where the catalog disagrees with the models' own files, as the lock records them. Offline."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from generator.catalog.model import Catalog, ServedModel, Violation
from generator.commits import short
from generator.diagnostics import Loc, Severity
from generator.hub.files import is_weights, select
from generator.lock.lockfile import FILE, Lock, Locked
from generator.vllm import max_length as length
from generator.vllm.arguments import split
from generator.vllm.model_config import MODULES, Facts, mapping, modules_of, texts, whole
from generator.vllm.serving import Derived, declared_pooling, derive, pooling_file, runner_hint, unknown_modules
from generator.vllm.versions import POOLING_OPTIONAL, Version

_RELOCK: Final = "run `generator lock`"
_NON_COMMERCIAL: Final = ("-nc-", "cc-by-nc", "non-commercial", "noncommercial", "research-only")
_VERBS: Final = {"embedding": "returns vectors", "reranker": "scores texts", "generation": "generates text"}


class _Case(NamedTuple):
    """A served model beside what is locked of it."""

    catalog: Catalog
    served: ServedModel
    locked: Locked
    derived: Derived
    vllm_version: Version
    args: tuple[str, ...]

    @property
    def facts(self) -> Facts:
        return self.locked.facts

    @property
    def source(self) -> Loc:
        """Where the repository was written."""
        return self.catalog.origin(self.served, "source", "repo")


def check(catalog: Catalog, lock: Lock) -> Iterator[Violation]:
    """Every violation of every rule."""
    known: dict[tuple[object, ...], tuple[Locked, Derived]] = {}
    for served in catalog.forms():
        locked = lock.repositories.get((served.repo, served.commit))
        if locked is None:
            yield _not_locked(catalog, served, lock)
            continue
        runtime = catalog.runtimes[served.runtime]
        args = (*runtime.args, *served.args)
        key = (served.repo, served.commit, runtime.vllm_version, args, served.include, served.exclude)
        if key not in known:
            copied = _copied(locked, served)
            known[key] = (copied, derive(copied.facts, runtime.vllm_version, args))
        case = _Case(catalog, served, *known[key], runtime.vllm_version, args)
        for rule in _RULES:
            yield from rule(case)


def _copied(locked: Locked, served: ServedModel) -> Locked:
    """What the pods will see of a repository: the files that the catalog has copied."""
    if not served.include and not served.exclude:
        return locked
    chosen = select(locked.files, served.include, served.exclude).chosen
    paths = {file.path for file in chosen}
    config = {path: facts for path, facts in locked.facts.config.items() if path in paths}
    return locked._replace(files=chosen, facts=locked.facts._replace(config=config))


def _not_locked(catalog: Catalog, served: ServedModel, lock: Lock) -> Violation:
    commits = [commit for repo, commit in lock.repositories if repo == served.repo]
    part, message = "repo", f"{FILE} does not contain {served.repo}"
    if commits:
        part, message = "revision", f"{FILE} has {served.repo} at {short(commits[0])}, not {short(served.commit)}"
    return Violation(catalog.origin(served, "source", part), "not-locked", message, _RELOCK)


def _lengths(case: _Case) -> Iterator[Violation]:
    wish, derived = case.served.max_model_len, case.derived
    accepted, usable, limit = derived.accepted, derived.usable, derived.limit
    if limit is None or wish <= limit.tokens:
        return
    loc, hint = case.catalog.origin(case.served, "maxModelLen"), f"write {limit.tokens} or less"
    if accepted is not None and wish > accepted.tokens:
        message = f"maxModelLen {wish} is more than vLLM {case.vllm_version} accepts: {accepted} is {accepted.tokens}"
        yield Violation(loc, "max-model-len-too-long", message, hint)
    elif usable is not None:
        size = whole(mapping(case.facts.config, "config.json").get("max_position_embeddings")) or usable.tokens
        first = f", of which the first {size - usable.tokens} are reserved" if size != usable.tokens else ""
        message = (
            f"maxModelLen {wish} exceeds the model's {usable.tokens} positions: {usable} is "
            f"{size}{first}; vLLM {case.vllm_version} would start, then crash on the first longer text"
        )
        yield Violation(loc, "max-model-len-past-positions", message, hint)


def _null_length(case: _Case) -> Iterator[Violation]:
    forced = length.overriding(case.facts, case.vllm_version)
    if forced and length.crashes(forced):
        message = f"max_seq_length in {forced[0]} is null, so vLLM {case.vllm_version} stops with a TypeError"
        hint = "choose a revision where it is a number or missing"
        yield Violation(case.source, "null-max-seq-length", message, hint)


def _dimensions(case: _Case) -> Iterator[Violation]:
    wish, real = case.served.dimensions, case.derived.dimensions
    if case.served.task != "embedding" or wish is None or real is None or wish == real:
        return
    config = mapping(case.facts.config, "config.json")
    shorter = config.get("matryoshka_dimensions")
    if (isinstance(shorter, list) and wish in shorter) or (config.get("is_matryoshka") is True and wish < real):
        return  # clients may ask for them
    message = f"dimensions is {wish}, but the model's vectors have {real}"
    yield Violation(case.catalog.origin(case.served, "dimensions"), "wrong-dimensions", message, f"write {real}")


def _architecture(case: _Case) -> Iterator[Violation]:
    task, able, name = case.served.task, case.derived.task, case.derived.architecture
    loc = case.catalog.origin(case.served, "task")
    if able is not None and able != task:
        message = f"the task is {task}, but {name} {_VERBS[able]}"
        hint = f"write `task: {able}`"
        if able == "generation":
            hint = f"add the argument {runner_hint(case.vllm_version)}"
            if task == "reranker":
                hint = "use a version converted to …ForSequenceClassification, or add --hf-overrides"
        yield Violation(loc, "wrong-architecture", message, hint)
    elif task == "reranker" and case.derived.labels not in (None, 1):
        message = f"{name} has {case.derived.labels} labels, but vLLM only scores with models that have one"
        yield Violation(loc, "wrong-architecture", message, "choose a model trained as a reranker")


def _modules(case: _Case) -> Iterator[Violation]:
    """What sentence-transformers' modules say about pooling, as far as this vLLM understands them."""
    if case.served.task != "embedding" or case.derived.task != "embedding" or _pooled_by_argument(case.args):
        return
    version, facts = case.vllm_version, case.facts
    if MODULES not in facts.config:
        message = f"has no modules.json: vLLM uses its own pooling, '{case.derived.pooling}', and normalization"
        hint = "compare its vectors with those on its model card"
        yield Violation(case.source, "missing-modules", message, hint, Severity.WARNING)
        return
    for unknown in unknown_modules(facts, version):
        message = f"vLLM {version} skips the module {unknown}, so the vectors would be wrong"
        yield Violation(
            case.source, "unknown-module", message, "use a newer vLLM, or a revision from before the model was re-saved"
        )
    file = pooling_file(facts, version)
    if file is None or not any(module["path"] for module in modules_of(facts.config[MODULES])):
        return
    if file not in facts.config:
        then = "would not start" if version < POOLING_OPTIONAL else "would return different vectors"
        message = f"modules.json names {file}, but it is missing: vLLM {version} {then}"
        yield Violation(case.source, "missing-pooling", message, "choose a revision that has it")
    elif case.derived.pooling is None:
        names = " and ".join(declared_pooling(facts, file)) or "nothing"
        message = f"{file} requires the pooling {names}, which vLLM {version} does not support"
        yield Violation(case.source, "unsupported-pooling", message, "choose another model, or set a pooler config")


def _pooled_by_argument(args: tuple[str, ...]) -> bool:
    return any(split(argument)[0].startswith(("--pooler-config", "--override-pooler-config")) for argument in args)


def _custom_code(case: _Case) -> Iterator[Violation]:
    if all(split(argument)[0] != "--trust-remote-code" for argument in case.args):
        return
    for file in ("config.json", "tokenizer_config.json"):
        for classes in mapping(mapping(case.facts.config, file), "auto_map").values():
            elsewhere = next((name for name in texts(classes) if "--" in name), None)
            if elsewhere is not None:
                repo = elsewhere.partition("--")[0]
                message = f"auto_map in {file} loads code from {repo}, but pods cannot reach the Hub"
                hint = "use a copy of the repository that contains this code, with auto_map changed to match"
                yield Violation(case.source, "remote-code-elsewhere", message, hint)
                return


def _weights(case: _Case) -> Iterator[Violation]:
    if not any(is_weights(file.path) and file.size for file in case.locked.files):
        message = "has no weights: the repository has no *.safetensors or *.bin at its root"
        yield Violation(case.source, "no-weights", message, "choose the repository of the model itself")


def _access(case: _Case) -> Iterator[Violation]:
    if case.facts.gated:
        message = f"{case.served.repo} is gated: a sync needs a token of an account that has accepted its terms"
        hint = "accept them on the repository's page, and run `artifact-sync` with that account's HF_TOKEN"
        yield Violation(case.source, "gated-repository", message, hint, Severity.WARNING)
    license_ = (case.facts.license or "").lower()
    if any(word in license_ for word in _NON_COMMERCIAL):
        message = f"its licence, {case.facts.license}, forbids commercial use"
        yield Violation(
            case.source,
            "non-commercial-licence",
            message,
            "ask your legal team, or choose another model",
            Severity.WARNING,
        )


_RULES: Final[tuple[Callable[[_Case], Iterator[Violation]], ...]] = (
    _lengths,
    _null_length,
    _dimensions,
    _architecture,
    _modules,
    _custom_code,
    _weights,
    _access,
)
