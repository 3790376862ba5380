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
    ],
)
def test_versions_compare_by_their_release_numbers(text: str, numbers: tuple[int, ...]) -> None:
    """Prefixes, local suffixes and trailing zeros do not count."""
    assert (str(parse(text)), parse(text).release) == (text, numbers)


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
    ],
)
def test_an_argument_is_checked_against_the_version(argument: str, version: str, code: str | None) -> None:
    """The boundaries are those at which vLLM's own parser changed."""
    fault = vllm.fault(argument, parse(version))
    assert (fault and fault.code) == code


def test_a_removed_flag_comes_with_what_to_write_instead() -> None:
    """The message names the last version with the flag; the hint, its replacement."""
    fault = vllm.fault("--task=embed", parse("0.18.0"))
    assert fault is not None
    assert fault.message == "vLLM 0.18.0 no longer has --task (last seen in 0.12.0)"
    assert fault.hint == "remove it: vLLM finds the task; a causal model takes --runner=pooling"


def test_a_short_form_is_refused_with_the_long_one() -> None:
    """Only long flags are accepted; the hint names the right one."""
    fault = vllm.fault("-tp=2", parse("0.13.0"))
    assert fault is not None
    assert fault.hint == "write --tensor-parallel-size"


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
