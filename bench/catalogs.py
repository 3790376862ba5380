"""Catalogs of any size: the same number of models gives the same text."""

from typing import Final

ENVIRONMENTS: Final = ("dev", "stage", "prod")

_HEAD: Final = f"""\
version: 1
platform: {{target: "3.3"}}
runtimes:
  vllm-embedding:
    displayName: vLLM Embedding Runtime
    task: embedding
    image: registry.redhat.io/rhaiis/vllm-cuda-rhel9:3.3.0@sha256:{"0" * 64}
    vllmVersion: "0.13.0"
  vllm-reranker:
    displayName: vLLM Reranker Runtime
    task: reranker
    image: registry.redhat.io/rhaiis/vllm-cuda-rhel9:3.3.0@sha256:{"0" * 64}
    vllmVersion: "0.13.0"
connections:
  models-s3:
    displayName: Models
    endpoint: https://s3.us-east-1.amazonaws.com
    bucket: team-models
    secret: {{existing: models-s3}}
environments:
  dev: {{namespace: embeddings-dev}}
  stage: {{namespace: embeddings-stage}}
  prod: {{namespace: embeddings-prod}}
defaults:
  resources: {{cpu: "2", memory: 8Gi, gpu: 1}}
models:
"""
_EMBEDDER: Final = """\
  - name: embedder-{number:05d}
    displayName: Embedder {number}
    description: Turns sentences of domain {number} into vectors
    source:
      repo: example/embedder-{number}
      revision: {commit}
    task: embedding
    maxModelLen: {length}
    dimensions: 768
"""
_RERANKER: Final = """\
  - name: reranker-{number:05d}
    displayName: Reranker {number}
    source:
      repo: example/reranker-{number}
      revision: {commit}
    task: reranker
    maxModelLen: 512
"""
_OVERRIDES: Final = """\
    overrides:
      stage: {replicas: 2}
      prod:
        replicas: 3
        timeout: 60
        resources: {cpu: "4", memory: 12Gi}
"""


def catalog(models: int, environments: int = 3) -> str:
    """`models` models, every third of them a reranker, and every third with overrides."""
    kept = ENVIRONMENTS[:environments]
    head = "".join(line for line in _HEAD.splitlines(keepends=True) if not _left_out(line, kept))
    return head + "".join(_model(number) for number in range(models))


def _left_out(line: str, kept: tuple[str, ...]) -> bool:
    return any(line.startswith(f"  {name}: ") for name in ENVIRONMENTS if name not in kept)


def _model(number: int) -> str:
    form = (_EMBEDDER, _EMBEDDER, _RERANKER)[number % 3]
    commit = f"{number * 2654435761 % 16**12:012x}{'abcdef0123456789' * 2}"[:40].ljust(40, "f")
    text = form.format(number=number, commit=commit, length=(256, 512)[number % 2])
    return text + _OVERRIDES if number % 3 == 1 else text
