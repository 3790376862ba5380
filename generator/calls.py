"""Example calls for each task, and what vLLM answers."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from generator.catalog.endpoints import url
from generator.catalog.model import ServedModel

CA: Final = "/var/run/secrets/kubernetes.io/serviceaccount/service-ca.crt"
"""The cluster's own certificate authority, which OpenShift mounts into every pod."""
SEEN: Final = "vLLM 0.13.0 with sentence-transformers/all-MiniLM-L6-v2, served as minilm-embedding"
"""Where the answers below come from: the vectors are cut after three of 384 numbers. The ids are of one request."""
_QUERY: Final = "What is the capital of France?"
_TEXTS: Final = ("Berlin is in Germany.", "Paris is the capital of France.", "The Seine is a river.")
_EMBEDDINGS: Final = """\
{"id": "embd-ac31483054caef45", "object": "list", "created": 1795537778, "model": "minilm-embedding",
 "data": [
  {"index": 0, "object": "embedding",
   "embedding": [0.08198327571153641, 0.036034196615219116, -0.003932650201022625, …]},
  {"index": 1, "object": "embedding",
   "embedding": [0.10057693719863892, 0.03713482618331909, 0.02825394831597805, …]}],
 "usage": {"prompt_tokens": 18, "total_tokens": 18, "completion_tokens": 0, "prompt_tokens_details": null}}"""
_RERANK: Final = """\
{"id": "rerank-8f590b2975e694fe", "model": "minilm-embedding",
 "usage": {"prompt_tokens": 54, "total_tokens": 54},
 "results": [
  {"index": 1, "document": {"text": "Paris is the capital of France.", "multi_modal": null},
   "relevance_score": 0.8560327887535095},
  {"index": 2, "document": {"text": "The Seine is a river.", "multi_modal": null},
   "relevance_score": 0.38867270946502686}]}"""
_SCORE: Final = """\
{"id": "score-91b50138e57b62ef", "object": "list", "created": 1795537779, "model": "minilm-embedding",
 "data": [
  {"index": 0, "object": "score", "score": 0.8560327887535095},
  {"index": 1, "object": "score", "score": 0.28958457708358765}],
 "usage": {"prompt_tokens": 36, "total_tokens": 36, "completion_tokens": 0, "prompt_tokens_details": null}}"""


class Call(NamedTuple):
    """One way to ask, and the answer to it; `python` is None where no client of others has it."""

    title: str
    curl: str
    python: str | None
    answer: str


class Calls(NamedTuple):
    """The calls of a task, as made of one of its models."""

    task: str
    served: ServedModel
    calls: tuple[Call, ...]


def calls(models: Sequence[ServedModel]) -> Iterator[Calls]:
    """For each task, the calls of its first model, where it asks for a token if any does."""
    for task in ("embedding", "reranker"):
        of_task = [served for served in models if served.task == task]
        if of_task:
            chosen = next((served for served in of_task if served.auth), of_task[0])
            yield Calls(task, chosen, tuple((_embedding if task == "embedding" else _reranker)(chosen)))


def _embedding(served: ServedModel) -> Iterator[Call]:
    body = f'{{"model": "{served.name}", "input": ["{_QUERY}", "{_TEXTS[1]}"]}}'
    python = f"""\
{_imports(served, "openai", "OpenAI")}

client = OpenAI(
    base_url="{url(served)}/v1",
    api_key={_key(served)},{_verified(served, "http_client")}
)
answer = client.embeddings.create(
    model="{served.name}",
    input=["{_QUERY}", "{_TEXTS[1]}"],
)
print([len(item.embedding) for item in answer.data])"""
    yield Call("Vectors", _curl(served, "/v1/embeddings", body), python, _EMBEDDINGS)


def _reranker(served: ServedModel) -> Iterator[Call]:
    documents = ", ".join(f'"{text}"' for text in _TEXTS)
    body = f'{{"model": "{served.name}", "query": "{_QUERY}", "documents": [{documents}], "top_n": 2}}'
    lines = "\n".join(f'        "{text}",' for text in _TEXTS)
    python = f"""\
{_imports(served, "cohere", "ClientV2")}

client = ClientV2(
    base_url="{url(served)}",
    api_key={_key(served)},{_verified(served, "httpx_client")}
)
answer = client.rerank(
    model="{served.name}",
    query="{_QUERY}",
    documents=[
{lines}
    ],
    top_n=2,
)
for item in answer.results:
    print(item.index, item.relevance_score)"""
    yield Call("The best of several texts", _curl(served, "/v1/rerank", body), python, _RERANK)
    body = f'{{"model": "{served.name}", "text_1": "{_QUERY}", "text_2": ["{_TEXTS[1]}", "{_TEXTS[0]}"]}}'
    yield Call("A score for each text, in their order", _curl(served, "/v1/score", body), None, _SCORE)


def _curl(served: ServedModel, path: str, body: str) -> str:
    """Paths: vllm-project/vllm vllm/entrypoints/openai/api_server.py @ v0.7.3, and later."""
    lines = [f"curl {url(served)}{path}"]
    if served.auth:
        lines += [f"--cacert {CA}", '-H "Authorization: Bearer $TOKEN"']
    return " \\\n  ".join([*lines, "-H 'Content-Type: application/json'", f"-d '{body}'"])


def _imports(served: ServedModel, package: str, name: str) -> str:
    if not served.auth:
        return f"from {package} import {name}"
    return f'import os\nimport ssl\n\nimport httpx\nfrom {package} import {name}\n\nCA = "{CA}"'


def _key(served: ServedModel) -> str:
    return 'os.environ["TOKEN"]' if served.auth else '"none"'


def _verified(served: ServedModel, argument: str) -> str:
    if not served.auth:
        return ""
    return f"\n    {argument}=httpx.Client(verify=ssl.create_default_context(cafile=CA)),"
