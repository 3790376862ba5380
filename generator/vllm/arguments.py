"""vLLM's command line as far as a catalog may use it: which version knows which flag, and what to write instead."""

from typing import Final, NamedTuple

from generator.codes import Code
from generator.diagnostics import suggestion
from generator.vllm.flags import DEPRECATED, FLAGS, MIRRORED_SINCE, NESTED, NO_FORM, SAMPLED, SHORT
from generator.vllm.versions import FIRST_TO_SERVE, Version, parse

_REMOVE: Final = "remove it"
OWNED: Final = {
    "--model": ("the model's files are always at /mnt/models", _REMOVE),
    "--port": ("the port is always 8080", _REMOVE),
    "--host": ("the probes and the Route need all interfaces", _REMOVE),
    "--uds": ("the probes and the Route need a port", _REMOVE),
    "--served-model-name": ("the dashboard and metrics use the model's own name", "set `aliases` for more names"),
    "--max-model-len": ("the catalog has a field for it", "set `maxModelLen`"),
    "--revision": ("the catalog has a field for it", "set `source.revision`"),
    "--tokenizer": ("the tokenizer comes with the model's files", _REMOVE),
    "--download-dir": ("the pod downloads nothing", _REMOVE),
}
"""Flags that this tool writes, or that must not be written, with the reason and what to do instead."""

UNSAFE: Final = {
    # It guards paths below /v1: vllm-project/vllm vllm/entrypoints/openai/server_utils.py @ v0.18.0.
    "--api-key": ("the key would be stored in Git, and it protects only /v1", "set `auth: true`"),
    "--config": ("it reads arguments from a file that is not checked", "write them here, one per item"),
    "--headless": ("without the HTTP server the pod never becomes ready", _REMOVE),
    "--hf-token": ("the token would be stored in Git, and the pod downloads nothing", _REMOVE),
    "--middleware": ("it runs code from outside the catalog", _REMOVE),
    "--ssl-ca-certs": ("TLS ends at the Route and the auth proxy", _REMOVE),
    "--ssl-certfile": ("TLS ends at the Route and the auth proxy", _REMOVE),
    "--ssl-keyfile": ("TLS ends at the Route and the auth proxy", _REMOVE),
}
"""Flags that have no place in a catalog, with the reason and what to do instead."""

# When a flag went is in flags.py; what took its place, in vllm-project/vllm vllm/engine/arg_utils.py @ v0.18.0.
_INSTEAD: Final = {
    "--task": "remove it: vLLM finds the task; a causal model takes --runner=pooling",
    "--runner": "remove it: vLLM finds the task; a causal model takes --task=embed",
    "--convert": "remove it: vLLM finds the task; a causal model takes --task=embed or --task=score",
    "--disable-log-requests": "remove it: requests are only logged with --enable-log-requests",
    "--enable-log-requests": "remove it: requests are logged without it",
    "--override-pooler-config": "write --pooler-config",
    "--pooler-config": "write --override-pooler-config",
    "--swap-space": "remove it: pooling models do not swap",
    "--rope-scaling": 'write --hf-overrides={"rope_scaling": …}',
    "--rope-theta": 'write --hf-overrides={"rope_theta": …}',
    "--max-seq-len-to-capture": "remove it",
    "--device": "remove it: the image determines the device",
    "--use-v2-block-manager": "remove it: there is no other version",
    "--kv-cache-memory-bytes": "write --gpu-memory-utilization",
}
_SAMPLED: Final = tuple(parse(text) for text in SAMPLED)


class Fault(NamedTuple):
    """Why an argument would stop vLLM from starting: the diagnostic's code, the reason, and what to write."""

    code: Code
    message: str
    hint: str | None = None


def split(argument: str) -> tuple[str, str | None]:
    """`--flag=value` → flag and value, the flag spelt with dashes; the value is None without `=`."""
    flag, equals, value = argument.partition("=")
    return flag.replace("_", "-"), value if equals else None


def too_old(task: str, version: Version) -> Version | None:
    """The version that first serves `task`, when `version` is older."""
    first = FIRST_TO_SERVE[task]
    return first if version < first else None


def fault(argument: str, version: Version) -> Fault | None:
    """What a version has against an argument, or None."""
    flag, value = split(argument)
    if refused := _refused(flag):
        return refused
    name = _table_name(flag)
    if name is None:
        return unknown(argument)
    return _outside_span(name, flag, version) or _bad_value(name, flag, value)


def _refused(flag: str) -> Fault | None:
    if flag in OWNED:
        reason, hint = OWNED[flag]
        return Fault("owned-flag", f"{flag} cannot be set in args: {reason}", hint)
    if flag in UNSAFE:
        reason, hint = UNSAFE[flag]
        return Fault("unsafe-flag", f"{flag} is not allowed in a catalog: {reason}", hint)
    return None


def unknown(argument: str) -> Fault:
    """What is wrong with an argument that is not a known flag, alone or before `=`."""
    flag = split(argument)[0]
    if flag in SHORT:
        return Fault("unknown-flag", f"{flag} is a short form", f"write {SHORT[flag][2]}")
    word, *value = argument.split(maxsplit=1) or ("",)
    long = SHORT[word][2] if word in SHORT else split(word)[0]
    name = _table_name(long)
    if name and word != argument:
        takes_value = FLAGS[name][2] in _TAKE_VALUE
        write = "=".join((long, *(text.lstrip("= ") for text in value))) if takes_value else long
        separated = Fault("invalid-argument", f"{word} and its value are separated by a space", f"write {write}")
        return _refused(long) or separated
    if not flag.strip("-")[:1].isalpha() or not flag.startswith("-"):
        message = f"'{argument}' is not a flag"
        return Fault("invalid-argument", message, "write each argument as one item: '--flag' or '--flag=value'")
    hint = suggestion(split(word)[0], FLAGS) or "see `vllm serve --help`"
    return Fault("unknown-flag", f"no known vLLM version has the flag {flag}", hint)


def instead(flag: str) -> str:
    """What to write in place of a flag that goes, or has gone."""
    return _INSTEAD.get(flag, "remove it, or use an image with another vLLM version")


def deprecated(flag: str, version: Version) -> bool:
    """Whether a version takes a flag, but with a warning."""
    first = DEPRECATED.get(flag)
    return first is not None and version >= _SAMPLED[first]


def _table_name(flag: str) -> str | None:
    """The table's name for a flag, for its `--no-` form or mirror, and for one key of the JSON that it takes."""
    name, dot, _ = flag.partition(".")
    if name in FLAGS:
        return name if not dot or name in NESTED else None
    positive = "--" + flag.removeprefix("--no-")
    if positive in NO_FORM or FLAGS.get(positive, _NO_FLAG)[2] == "toggle":
        return positive
    return _mirror(flag)


def _mirror(flag: str) -> str | None:
    """The toggle that stands for both `--enable-x` and `--disable-x`, when `flag` is the other of the two."""
    for one, other in (("--enable-", "--disable-"), ("--disable-", "--enable-")):
        if flag.startswith(one):
            toggle = other + flag.removeprefix(one)
            _, last, kind = FLAGS.get(toggle, _NO_FLAG)
            return toggle if kind == "toggle" and last >= MIRRORED_SINCE else None
    return None


_TAKE_VALUE: Final = ("value", "many")
_EXAMPLE: Final = '{"name": "value"}'
_NO_FLAG: Final = (0, 0, "")


def _outside_span(name: str, flag: str, version: Version) -> Fault | None:
    """A fault when the version was seen without the flag; between two samples that differ, the flag passes."""
    first, last = FLAGS[name][:2]
    if flag.startswith("--no-") and name in NO_FORM:
        first, last = NO_FORM[name]
    if name == _mirror(flag):
        first = MIRRORED_SINCE
    elif version >= _SAMPLED[MIRRORED_SINCE] and _mirror(name):
        return None
    if first > 0 and version <= _SAMPLED[first - 1]:
        return Fault(
            "unsupported-flag", f"vLLM {version} does not have {flag} yet ({SAMPLED[first]} does)", instead(name)
        )
    if last < len(_SAMPLED) - 1 and version >= _SAMPLED[last + 1]:
        message = f"vLLM {version} no longer has {flag} (last seen in {SAMPLED[last]})"
        return Fault("unsupported-flag", message, instead(name))
    return None


def _bad_value(name: str, flag: str, value: str | None) -> Fault | None:
    takes_value = FLAGS[name][2] in _TAKE_VALUE and not flag.startswith("--no-")
    if takes_value and not value:
        return Fault("invalid-argument", f"{flag} needs a value", f"write {flag}=VALUE")
    if not takes_value and value is not None:
        return Fault("invalid-argument", f"{flag} takes no value", f"write {flag} without a value")
    if value and value.startswith("{") and name in NESTED:
        from generator import json_text  # noqa: PLC0415 - few catalogs need it

        try:
            json_text.parse(value)
        except ValueError as error:
            message = f"the value of {flag} is not valid JSON: {error}"
            return Fault("invalid-argument", message, f"write '{flag}={_EXAMPLE}'")
    return None
