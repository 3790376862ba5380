"""vLLM versions: the value, and every one at which something here changes."""

import re
from dataclasses import dataclass
from typing import Final

_NUMBER = re.compile(r"[0-9]+")
_SUFFIX = re.compile(r"[+a-z]")


@dataclass(frozen=True, slots=True)
class Version:
    """A version as it was written. Release numbers order it; two texts of one release are still two values."""

    text: str
    release: tuple[int, ...]
    """Without trailing zeros."""

    def __str__(self) -> str:
        return self.text

    def __lt__(self, other: "Version") -> bool:
        return self.release < other.release

    def __le__(self, other: "Version") -> bool:
        return self.release <= other.release


def parse(text: str) -> Version:
    """`v0.9.1.0`, `0.18.0+rhai1`, `0.6.4.post1`: what follows the release numbers does not count."""
    numbers = [int(number) for number in _NUMBER.findall(_SUFFIX.split(text.removeprefix("v"))[0])]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return Version(text, tuple(numbers))


# Sources are paths in vllm-project/vllm, at the tag of the release. "Seen" counts the releases whose source was read.
FIRST_TO_SERVE: Final = {"embedding": parse("0.6.4"), "reranker": parse("0.7.3")}
"""By task: BertModel, vllm/model_executor/models/registry.py @ v0.6.4, absent @ v0.6.3.post1; and `/v1/rerank`,
vllm/entrypoints/openai/api_server.py @ v0.7.3 (v0.7.2 has it, too; v0.6.5 has not).
"""
MODEL_MAX_LENGTH_WINS: Final = parse("0.8.5")
"""`model_max_length` in config.json counts alone, however small its other lengths are.

_get_and_verify_max_len, vllm/config.py @ v0.8.5; v0.8.4 has it, too, v0.7.3 has not.
"""
TOKENIZER_CLAMPS: Final = parse("0.9.0")
"""`model_max_length` in tokenizer_config.json lowers the length in silence, after the check.

ModelConfig.get_and_verify_max_len, vllm/config.py @ v0.9.1; v0.9.0.1 does not look, v0.9.2 lowers it before the check.
"""
TOKENIZER_LIMITS: Final = parse("0.10.0")
"""The same before the check, and only for absolute positions. Same function, vllm/config.py @ v0.10.0."""
RUNNER_AND_CONVERT: Final = parse("0.10.1.1")
"""`--runner` and `--convert` take the place of `--task`. vllm/engine/arg_utils.py @ v0.10.1.1, absent @ v0.10.0."""
POOLING_OPTIONAL: Final = parse("0.18.0")
"""A missing pooling configuration no longer stops the server: the Hub is not asked for a local folder's files.

_try_download_from_hf_hub, vllm/transformers_utils/repo_utils.py @ v0.18.0; v0.17.1 asks.
"""
YARN_IN_DOUBT: Final = parse("0.19.0")
"""Up to 0.18, yarn's factor multiplies `original_max_position_embeddings`; from here the stricter reading holds.

_get_and_verify_max_len, vllm/config/model.py @ v0.18.0.
"""
YARN_PLAIN: Final = parse("0.24.0")
"""yarn's factor counts as applied to `max_position_embeddings` already.

vllm/config/model.py @ v0.32.0 says so. UNVERIFIED from here on: @ v0.24.0 still multiplies.
"""
LOWER_CASE_OPTIONAL: Final = parse("0.25.0")
"""`max_seq_length` counts without `do_lower_case` beside it.

get_sentence_transformer_tokenizer_config, vllm/transformers_utils/config.py @ v0.24.0 is the last seen to ask for both,
@ v0.32.0 the first seen not to.
"""
TRANSFORMERS_5: Final = parse("0.32.0")
"""transformers 5 has no default for `position_embedding_type`; version 4 said absolute for BERT's kind.

requirements/common.txt: below 5 @ v0.19.0, either from v0.20.0 on, 5 alone @ v0.24.0. Until 0.32 the stricter holds.
"""
SENTENCE_TRANSFORMERS_5_4: Final = parse("0.32.0")
"""The modules of sentence-transformers 5.4 are known by their new paths, and so is the key `pooling_mode`.

_ST_POOLING_MODULE_TYPES, vllm/transformers_utils/config.py @ v0.32.0; v0.24.0 knows the old paths alone.
"""
