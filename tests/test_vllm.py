"""Whether each vLLM version accepts an argument."""

import pytest

from generator.vllm import arguments as vllm
from generator.vllm.versions import parse


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0.13.0", (0, 13)),
        ("v0.9.1.0", (0, 9, 1)),
        ("0.10.1.1", (0, 10, 1, 1)),
        ("0.18.0+rhai1", (0, 18)),
        ("0.6.4.post1", (0, 6, 4)),
        ("0.19.0rc2", (0, 19)),
        ("0.0.0", ()),
        ("1.0.1", (1, 0, 1)),
    ],
)
def test_only_the_release_numbers_of_a_version_count(text: str, numbers: tuple[int, ...]) -> None:
    """Prefixes, local suffixes and trailing zeros do not."""
    assert (str(parse(text)), parse(text).release) == (text, numbers)


@pytest.mark.parametrize(
    ("one", "other", "before", "not_after"),
    [
        ("0.9.1", "0.10.0", True, True),
        ("0.10.0", "0.9.1", False, False),
        ("0.10.0", "0.10.1.1", True, True),
        ("0.18.0", "v0.18.0.post1", False, True),
        ("0.18.0+rhai1", "0.18", False, True),
    ],
)
def test_versions_compare_by_their_release_numbers(
    one: str,
    other: str,
    before: bool,  # noqa: FBT001 - a column of the table
    not_after: bool,  # noqa: FBT001
) -> None:
    """Number by number; two texts of one release are neither before nor after each other."""
    assert (parse(one) < parse(other), parse(one) <= parse(other)) == (before, not_after)


@pytest.mark.parametrize(
    ("argument", "version", "code"),
    [
        ("--task=embed", "0.12.0", None),
        ("--task=embed", "0.13.0", "unsupported-flag"),
        ("--runner=pooling", "0.10.0", "unsupported-flag"),
        ("--runner=pooling", "0.10.1.1", None),
        ("--disable-log-requests", "0.16.0", None),
        ("--disable-log-requests", "0.17.1", "unsupported-flag"),
        ("--override-pooler-config={}", "0.11.2", None),
        ("--override-pooler-config={}", "0.12.0", "unsupported-flag"),
        ("--pooler-config.task=embed", "0.13.0", None),
        ("--dtype.task=embed", "0.13.0", "unknown-flag"),
        ("--swap-space=4", "0.18.0", "unsupported-flag"),
        ("--enforce-eager", "0.13.0", None),
        ("--enforce-eager=true", "0.13.0", "invalid-argument"),
        ("--no-enable-prefix-caching", "0.13.0", None),
        ("--enable_prefix_caching", "0.13.0", None),
        ("--gpu-memory-utilization=0.3", "0.13.0", None),
        ("--gpu-memory-utilization", "0.13.0", "invalid-argument"),
        ('--hf-overrides={"architectures":["GteNewModel"]}', "0.13.0", None),
        ("--hf-overrides={architectures}", "0.13.0", "invalid-argument"),
        ("--pooler-config={pooling_type: MEAN}", "0.13.0", "invalid-argument"),
        ("--chat-template={% for message in messages %}{% endfor %}", "0.13.0", None),
        ("--some-option", "0.13.0", "unknown-flag"),
        ("--max-model-len=512", "0.13.0", "owned-flag"),
        ("--served-model-name=other", "0.13.0", "owned-flag"),
        ("--api-key=x", "0.13.0", "unsafe-flag"),
        ("--max-num-sequences=4", "0.13.0", "unknown-flag"),
        ("-tp=2", "0.13.0", "unknown-flag"),
        ("--no-enforce-eager", "0.8.5", "unsupported-flag"),
        ("--no-enforce-eager", "0.9.0.1", None),
        ("--no-disable-log-requests", "0.10.0", "unsupported-flag"),
        ("--no-disable-log-requests", "0.16.0", None),
        ("--no-disable-log-requests", "0.17.0", "unsupported-flag"),
        ("--no-gpu-memory-utilization", "0.13.0", "unknown-flag"),
        ("--no-enforce-eager=true", "0.13.0", "invalid-argument"),
        ("--no-disable-mm-preprocessor-cache", "0.10.0", None),
        ("--no-disable-mm-preprocessor-cache", "0.10.1.1", "unsupported-flag"),
        ("--no-guided-decoding-disable-fallback", "0.10.2", None),
        ("--no-guided-decoding-disable-fallback", "0.11.0", "unsupported-flag"),
        ("--disable-log-requests", "0.32.0", "unsupported-flag"),
        ("--disable-log-requests", "0.33.0", None),
        ("--disable-prefix-caching", "0.32.0", "unsupported-flag"),
        ("--disable-prefix-caching", "0.33.0", None),
        ("--disable-prefix-caching=true", "0.33.0", "invalid-argument"),
        ("--enable-custom-all-reduce", "0.32.0", "unsupported-flag"),
        ("--enable-custom-all-reduce", "0.33.0", None),
        ("--enable-lora-bias", "0.11.0", None),
        ("--enable-lora-bias", "0.33.0", "unsupported-flag"),
        ("--disable-lora-bias", "0.33.0", "unknown-flag"),
        ("--enable-mm-preprocessor-cache", "0.33.0", "unknown-flag"),
        ("--hf-overrides.architectures=x", "0.13.0", None),
        ("--hf-overrides=path.json", "0.13.0", None),
        ("--hf-overrides=", "0.13.0", "invalid-argument"),
        ("--cudagraph-capture-sizes=1,2", "0.13.0", None),
        ("--cudagraph-capture-sizes", "0.13.0", "invalid-argument"),
        ("--pooler-config={}", "0.10.2", "unsupported-flag"),
        ("--pooler-config={}", "0.11.0", None),
        ("--swap-space=4", "0.17.1.1", None),
        ("--task=embed", "0.12.5", None),
        ("--runner=pooling", "0.10.1", None),
    ],
)
def test_an_argument_is_checked_against_the_version(argument: str, version: str, code: str | None) -> None:
    """The boundaries are those at which vLLM's own parser changed."""
    fault = vllm.fault(argument, parse(version))
    assert (fault and fault.code) == code


@pytest.mark.parametrize(
    ("argument", "version", "message", "hint"),
    [
        (
            "--task=embed",
            "0.18.0",
            "vLLM 0.18.0 no longer has --task (last seen in 0.12.0)",
            "remove it: vLLM finds the task; a causal model takes --runner=pooling",
        ),
        (
            "--scheduler-delay-factor=1",
            "0.18.0",
            "vLLM 0.18.0 no longer has --scheduler-delay-factor (last seen in 0.10.2)",
            "remove it, or use an image with another vLLM version",
        ),
        (
            "--pooler-config={}",
            "0.10.0",
            "vLLM 0.10.0 does not have --pooler-config yet (0.11.0 does)",
            "write --override-pooler-config",
        ),
        (
            "--no-disable-log-requests",
            "0.9.2",
            "vLLM 0.9.2 does not have --no-disable-log-requests yet (0.10.1.1 does)",
            "remove it: requests are only logged with --enable-log-requests",
        ),
        (
            "--disable-prefix-caching",
            "0.18.0",
            "vLLM 0.18.0 does not have --disable-prefix-caching yet (0.33.0 does)",
            "remove it, or use an image with another vLLM version",
        ),
        (
            "--gpu_memory_utilization",
            "0.18.0",
            "--gpu-memory-utilization needs a value",
            "write --gpu-memory-utilization=VALUE",
        ),
        (
            "--enforce-eager=true",
            "0.18.0",
            "--enforce-eager takes no value",
            "write --enforce-eager without a value",
        ),
        (
            '--hf-overrides={"a": 1 2}',
            "0.18.0",
            "the value of --hf-overrides is not valid JSON: Expecting ',' delimiter: line 1 column 9 (char 8)",
            """write '--hf-overrides={"name": "value"}'""",
        ),
        (
            "--port=80",
            "0.18.0",
            "--port cannot be set in args: the port is always 8080",
            "remove it",
        ),
        (
            "--middleware=a.B",
            "0.18.0",
            "--middleware is not allowed in a catalog: it runs code from outside the catalog",
            "remove it",
        ),
        (
            "--max-num-seqs 64",
            "0.18.0",
            "--max-num-seqs and its value are separated by a space",
            "write --max-num-seqs=64",
        ),
        (
            "--xyzzy=1",
            "0.18.0",
            "no known vLLM version has the flag --xyzzy",
            "see `vllm serve --help`",
        ),
        ("-tp=2", "0.18.0", "-tp is a short form", "write --tensor-parallel-size"),
        ("64", "0.18.0", "'64' is not a flag", "write each argument as one item: '--flag' or '--flag=value'"),
    ],
)
def test_a_refused_argument_comes_with_what_to_write_instead(
    argument: str, version: str, message: str, hint: str
) -> None:
    """The message says why vLLM would not start, or why the flag is not the catalog's to set."""
    fault = vllm.fault(argument, parse(version))
    assert fault is not None
    assert (fault.message, fault.hint) == (message, hint)


@pytest.mark.parametrize(
    ("argument", "code", "hint"),
    [
        ("--max-num-seqs 64", "invalid-argument", "write --max-num-seqs=64"),
        ("--max_num_seqs 64", "invalid-argument", "write --max-num-seqs=64"),
        ("--chat-template a=b", "invalid-argument", "write --chat-template=a=b"),
        ("--max-num-seqs =64", "invalid-argument", "write --max-num-seqs=64"),
        ("-tp 2", "invalid-argument", "write --tensor-parallel-size=2"),
        ("--enforce-eager true", "invalid-argument", "write --enforce-eager"),
        ("--max-model-len 512", "owned-flag", "set `maxModelLen`"),
        ("--api-key x", "unsafe-flag", "set `auth: true`"),
        ("64", "invalid-argument", "write each argument as one item: '--flag' or '--flag=value'"),
        ("-1", "invalid-argument", "write each argument as one item: '--flag' or '--flag=value'"),
        (" ", "invalid-argument", "write each argument as one item: '--flag' or '--flag=value'"),
        ("-tp=2", "unknown-flag", "write --tensor-parallel-size"),
        ("-x", "unknown-flag", "see `vllm serve --help`"),
        ("-O3", "unknown-flag", "see `vllm serve --help`"),
        ("--xyzzy a b", "unknown-flag", "see `vllm serve --help`"),
        ("--max-num-seqs 6 4", "invalid-argument", "write --max-num-seqs=6 4"),
        ("--cudagraph-capture-sizes 1 2", "invalid-argument", "write --cudagraph-capture-sizes=1 2"),
        ("--2", "invalid-argument", "write each argument as one item: '--flag' or '--flag=value'"),
        ("x--port", "invalid-argument", "write each argument as one item: '--flag' or '--flag=value'"),
        ("--max-num-sequences 4", "unknown-flag", "did you mean '--max-num-seqs'?"),
    ],
)
def test_an_unknown_argument_comes_with_what_to_write(argument: str, code: str, hint: str) -> None:
    """One list item is one argument, as `--flag` or `--flag=value`."""
    fault = vllm.unknown(argument)
    assert (fault.code, fault.hint) == (code, hint)


@pytest.mark.parametrize(
    ("task", "version", "minimum"),
    [("reranker", "0.6.5", "0.7.3"), ("reranker", "0.7.3", None), ("embedding", "0.6.3", "0.6.4")],
)
def test_a_task_needs_a_vllm_that_serves_it(task: str, version: str, minimum: str | None) -> None:
    """Older servers have no such route."""
    first = vllm.too_old(task, parse(version))
    assert (first and str(first)) == minimum


@pytest.mark.parametrize(
    ("flag", "first"),
    [("--task", "0.10.1.1"), ("--override-pooler-config", "0.11.0"), ("--use-v2-block-manager", "0.8.5")],
)
def test_a_flag_that_will_go_is_deprecated_from_a_version_on(flag: str, first: str) -> None:
    """The server starts with it, and warns."""
    assert vllm.deprecated(flag, parse(first))
    assert not vllm.deprecated(flag, parse("0.8.4"))
    assert not vllm.deprecated("--max-num-seqs", parse(first))


@pytest.mark.parametrize(
    ("argument", "flag", "value"),
    [
        ("--a", "--a", None),
        ("--a=", "--a", ""),
        ("--a_b=c_d=e", "--a-b", "c_d=e"),
    ],
)
def test_an_argument_is_split_at_the_first_equals_sign(argument: str, flag: str, value: str | None) -> None:
    """Underscores in a flag are as good as dashes."""
    assert vllm.split(argument) == (flag, value)
