"""Example calls for each task, and what vLLM answers."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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


class Asked(NamedTuple):
    """A call as made in one environment; `python` is None where no client of others has it."""

    served: ServedModel
    curl: str
    python: str | None


class Call(NamedTuple):
    """One way to ask, with and without a token as the environments need it, and the answer."""

    title: str
    asked: tuple[Asked, ...]
    answer: str


class Calls(NamedTuple):
    """The calls of a task."""

    task: str
    calls: tuple[Call, ...]


def calls(models: Sequence[ServedModel]) -> Iterator[Calls]:
    """For each task that has running models, its calls: one without a token and one with, as far as there are such."""
    for task, made in _MADE.items():
        running = [served for served in models if served.task == task and not served.stopped]
        if running:
            chosen = tuple(_chosen(running))
            yield Calls(task, tuple(_call(title, answer, make, chosen) for title, answer, make in made))


def _chosen(running: Sequence[ServedModel]) -> Iterator[ServedModel]:
    """The first form with a token, and the first without one: of the same model, where it has both."""
    guarded = {served.name for served in running if served.auth}
    both = {served.name for served in running if not served.auth and served.name in guarded}
    ordered = sorted(running, key=lambda served: served.name not in both)
    for auth in (False, True):
        yield from [served for served in ordered if served.auth == auth][:1]


def _call(title: str, answer: str, make: "_Make", chosen: Iterable[ServedModel]) -> Call:
    return Call(title, tuple(Asked(served, *make(served)) for served in chosen), answer)


def outside(served: ServedModel) -> str:
    """A call by Route, whose host is asked for where the catalog does not choose it."""
    path, body = _vectors(served) if served.task == "embedding" else _best(served)
    if served.host:
        return _curl(served, f"https://{served.host}{path}", body)
    asked = f"oc get route {served.name} -n {served.namespace} -o jsonpath='https://{{.spec.host}}'"
    return f"URL=$({asked})\n{_curl(served, f'$URL{path}', body)}"


def token(served: ServedModel) -> str:
    """How to get a token for a model."""
    return f"export TOKEN=$(oc create token {served.callers_account} -n {served.namespace} --duration=24h)"


def _vectors(served: ServedModel) -> tuple[str, str]:
    return "/v1/embeddings", f'{{"model": "{served.name}", "input": ["{_QUERY}", "{_TEXTS[1]}"]}}'


def _embedding(served: ServedModel) -> tuple[str, str]:
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
    return _inside(served, *_vectors(served)), python


def _best(served: ServedModel) -> tuple[str, str]:
    documents = ", ".join(f'"{text}"' for text in _TEXTS)
    body = f'{{"model": "{served.name}", "query": "{_QUERY}", "documents": [{documents}], "top_n": 2}}'
    return "/v1/rerank", body


def _rerank(served: ServedModel) -> tuple[str, str]:
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
    return _inside(served, *_best(served)), python


def _score(served: ServedModel) -> tuple[str, None]:
    body = f'{{"model": "{served.name}", "text_1": "{_QUERY}", "text_2": ["{_TEXTS[1]}", "{_TEXTS[0]}"]}}'
    return _inside(served, "/v1/score", body), None


_Make = Callable[[ServedModel], tuple[str, str | None]]
_MADE: Final[Mapping[str, tuple[tuple[str, str, _Make], ...]]] = {
    "embedding": (("Vectors", _EMBEDDINGS, _embedding),),
    "reranker": (
        ("The best of several texts", _RERANK, _rerank),
        ("A score for each text, in their order", _SCORE, _score),
    ),
}
"""The calls of each task. Paths: vllm-project/vllm vllm/entrypoints/openai/api_server.py @ v0.7.3, and later."""


def _inside(served: ServedModel, path: str, body: str) -> str:
    return _curl(served, f"{url(served)}{path}", body, *([f"--cacert {CA}"] if served.auth else ()))


def _curl(served: ServedModel, address: str, body: str, *options: str) -> str:
    guard = ['-H "Authorization: Bearer $TOKEN"'] if served.auth else []
    lines = [f"curl {address}", *options, *guard, "-H 'Content-Type: application/json'", f"-d '{body}'"]
    return (f"{token(served)}\n" if served.auth else "") + " \\\n  ".join(lines)


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
