"""What is taken for a credential, and what is not."""

import string
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml
from helpers import GOLDEN, ROOT

from generator import credentials
from generator.catalog.rules import text as rule
from generator.vllm.flags import FLAGS

_MIXED: Final = "x7Kq2Vn9Bd4Rt8Yw3Ls6Mp1Zc5Jh0Gf7Tn2Xk9Qv4Wb8Ea3Ru6Io1Py5Sd0Fg7Hj2Kl9Zx4Cv8Bn3Mq6"
"""Signs of every class in no order; the tokens are put together here, so that no scanner takes one for real."""


def _run(length: int) -> str:
    return _MIXED[:length]


TOKENS: Final = {
    "AWS access key id": "AKIA" + "IOSFODNN7EXAMPLE",
    "AWS temporary key id": "ASIA" + "IOSFODNN7EXAMPLE",
    "AWS secret key": "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
    "AWS secret key without a slash": _run(40),
    "AWS Bedrock": "ABSK" + _run(60),
    "Hugging Face": "hf_" + _run(34),
    "Hugging Face, organisation": "api_org_" + _run(34),
    "GitHub": "ghp_" + _run(36),
    "GitHub, fine-grained": "github_pat_" + _run(60),
    "GitLab": "glpat-" + _run(20),
    "GitLab runner": "glrt-" + _run(20),
    "Slack": "xoxb-" + "123456789012-123456789012-" + _run(24),
    "Slack app": "xapp-" + "1-A0B1C2D3-12345-" + _run(20),
    "Slack webhook": "https://hooks.slack" + ".com/services/T0001/B0001/" + _run(24),
    "OpenAI": "sk-" + _run(48),
    "OpenAI, project": "sk-proj-" + "ab-" + _run(40),
    "Anthropic": "sk-ant-" + "api03-" + _run(40),
    "Google": "AIza" + _run(35),
    "PyPI": "pypi-" + "AgEIcHlwaS5vcmc" + _run(50),
    "npm": "npm_" + _run(36),
    "Vault": "hvs." + _run(24),
    "Vault, batch": "hvb." + _run(40),
    "OpenShift": "sha256~" + _run(43),
    "NVIDIA": "nvapi-" + _run(64),
    "Docker Hub": "dckr_pat_" + _run(27),
    "Stripe": "sk_live_" + _run(24),
    "SendGrid": "SG." + _run(22) + "." + _run(43),
    "Databricks": "dapi" + "0123456789abcdef" * 2,
    "DigitalOcean": "dop_v1_" + "0123456789abcdef" * 4,
    "Grafana": "glsa_" + _run(32) + "_0123abcd",
    "Artifactory": "AKCp" + _run(69),
    "JSON web token": "eyJ" + _run(20) + ".eyJ" + _run(30) + "." + _run(30),
    "bearer": "Bearer " + _run(12),
    "bearer in a header": "authorization: bearer " + "abcdefghijklmnopqrstuvwxyz",
    "basic": "Authorization: Basic " + "dXNlcjpwYXNz",
    "Docker configuration": '{"auths": {"quay.io": {"auth": "' + "dXNlcjpwYXNzd29yZA==" + '"}}}',
    "Azure": "AccountKey=" + _run(60) + "==",
    "RSA": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "PKCS 8": "-----BEGIN " + "PRIVATE KEY-----",
    "encrypted": "-----BEGIN ENCRYPTED " + "PRIVATE KEY-----",
    "OpenSSH": "-----BEGIN OPENSSH " + "PRIVATE KEY-----",
    "PGP": "-----BEGIN PGP " + "PRIVATE KEY BLOCK-----",
    "PuTTY": "PuTTY-User-Key-File-" + "3: ssh-ed25519",
    "age": "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE",
    "password in a URL": "https://me:hunter2@git.example.com/x.git",
    "password with a slash in a URL": "postgresql://me:hunt/er2@db.example.com/x",
    "token in a URL": "https://hunter2@git.example.com/x.git",
    "token in a query": "https://s3.example.com/x?access_token=hunter2",
    "signature in a query": "https://s3.example.com/x?X-Amz-Date=1&X-Amz-Signature=0123abcd",
}
"""One text for every form."""

INNOCENT: Final = (
    "1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
    "1110A243FDF4706B3F48F1D95DB1A4F5529B4D41",
    "1110a243FDf4706b3F48f1d95db1a4F5529b4d41",
    "5c38ec7c405ec4b44b94cc5a9bb96e735b38267a",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "sha256:53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    "registry.redhat.io/rhaiis/vllm-cuda-rhel9:3.3.0-1771898916",
    "registry.redhat.io:5000/rhaiis/vllm-cuda-rhel9:3.3.0@sha256:" + "0123456789abcdef" * 4,
    "oci://registry.example.com:5000/models/minilm@sha256:" + "0123456789abcdef" * 4,
    "quay.io/modh/vllm@sha256:" + "0123456789abcdef" * 4,
    "https://huggingface.co/BAAI/bge-m3/blob/main/README.md?download=true",
    "https://example.com/search?q=a@b.c&key=",
    "https://example.com:8443/@team/models",
    "ssh://git@github.com/example/models.git",
    "ssh://git@git.example.com:2222/example/models.git",
    "git@github.com:example/models.git",
    "mailto:search-team@example.com",
    "s3://models/models/minilm-embedding/000000015de0/",
    "arn:aws:s3:::models-bucket-of-the-search-team",
    "Qm" + "YwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPbdG",
    "AAAAC3NzaC1lZDI1NTE5AAAAIGVtYmVkZGluZ3Mgb2YgdGhlIHNlYXJjaCB0ZWFt",
    "sk-learn", "sk-embedding-multilingual-e5-base-v2", "risk-assessment-embedding-multilingual-v1",
    "hf_hub_download", "hf_transfer_is_enabled_in_this_image", "npm_config_cache", "hvs.example.com/label",
    "pypi-mirror-of-the-search-team", "glpat-is-a-prefix", "xoxb-short", "sha256~short", "dapi-server",
    "-----BEGIN CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----", "-----BEGIN PGP PUBLIC KEY BLOCK-----",
    "Bearer tokens are checked by the auth proxy", "The bearer authentication of KServe", "Basic sentence embeddings",
    "Authorization: none", "authorization is off", "with SharedAccess to the volume",
    "sentence-transformers/all-MiniLM-L6-v2", "sentence-transformers/all-mpnet-base-v2",
    "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", "sentence-transformers/LaBSE",
    "BAAI/bge-m3", "BAAI/bge-large-en-v1.5", "BAAI/bge-reranker-v2-gemma", "BAAI/bge-reranker-v2-minicpm-layerwise",
    "BAAI/bge-multilingual-gemma2", "intfloat/e5-mistral-7b-instruct", "intfloat/multilingual-e5-large-instruct",
    "Alibaba-NLP/gte-Qwen2-7B-instruct", "Alibaba-NLP/gte-multilingual-reranker-base", "Qwen/Qwen3-Embedding-8B",
    "Qwen/Qwen3-Reranker-0.6B", "Snowflake/snowflake-arctic-embed-l-v2.0", "jinaai/jina-embeddings-v3",
    "jinaai/jina-reranker-v2-base-multilingual", "nomic-ai/nomic-embed-text-v1.5", "nvidia/NV-Embed-v2",
    "nvidia/llama-3.2-nv-embedqa-1b-v2", "mixedbread-ai/mxbai-embed-large-v1", "mixedbread-ai/mxbai-rerank-large-v2",
    "ibm-granite/granite-embedding-278m-multilingual", "ibm-granite/granite-embedding-reranker-english-r2",
    "google/embeddinggemma-300m", "cross-encoder/ms-marco-MiniLM-L-12-v2", "Salesforce/SFR-Embedding-Mistral",
    "GritLM/GritLM-7B", "infgrad/stella_en_400M_v5", "NovaSearch/stella_en_1.5B_v5", "thenlper/gte-large-zh",
    "WhereIsAI/UAE-Large-V1", "avsolatorio/GIST-large-Embedding-v0", "McGill-NLP/LLM2Vec-Mistral-7B-Instruct-v2-mntp",
    "Lajavaness/bilingual-embedding-large", "dunzhang/stella_en_1.5B_v5", "OrdalieTech/Solon-embeddings-large-0.1",
    "Linq-AI-Research/Linq-Embed-Mistral", "DeepLearningTeamOfTheSearchGroup/MyVeryOwnEmbeddingModelForSearch",
    string.ascii_lowercase + string.digits, string.ascii_letters, "a" * 40, "A1" * 20,
)  # fmt: skip
"""Text that catalogs hold, or look as if they could."""

SECRET_NAMES: Final = """
    password DB_PASSWORD passwd passphrase PASSPHRASE DB_PASS PGPASSWORD MYSQL_PWD secret CLIENT_SECRET clientSecret
    token TOKEN HF_TOKEN HFTOKEN hfToken hf-token HUGGING_FACE_HUB_TOKEN HF_TOKEN_READ apiKey api-key API_KEY APIKEY
    OPENAI_API_KEY OPENAI_KEY VLLM_API_KEY PRIVATE_KEY privateKey SSH_PRIVATE_KEY ENCRYPTION_KEY accessKey accessKeyId
    secretAccessKey AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY
    CREDENTIALS credentials CREDENTIAL GIT_CREDENTIALS creds awsCreds JWT GITHUB_PAT dockerconfigjson secrets
    example.com/password example.com/api-token --api-key --hf-token --some-password
""".split()
PLAIN_NAMES: Final = """
    TOKENIZERS_PARALLELISM VLLM_MAX_TOKENS_PER_EXPERT_FP4_MOE MAX_TOKENS maxTokens eos_token pad_token_id eos_token_id
    HF_TOKEN_PATH DB_PASSWORD_FILE secretName serving.kserve.io/secretName tokenType TOKEN_LIMIT passwordSecretRef
    secretKeyRef secretStoreRef imagePullSecret accessKeyProperty secretKeyProperty key keys KEY PUBLIC_KEY sort-key
    example.com/key example.com/sort-key PWD OLDPWD HOME PATH author authority auth compass bypass monkey keyboard
    SSL_CERT_FILE KUBECONFIG LOGNAME HF_HUB_OFFLINE VLLM_LOGGING_LEVEL OMP_NUM_THREADS CUDA_VISIBLE_DEVICES passthrough
    VLLM_ALLOW_LONG_MAX_MODEL_LEN NCCL_DEBUG HF_HOME tokenizer secretary pattern patch compat
""".split()


@pytest.mark.parametrize("form", TOKENS)
def test_a_credential_is_recognised_wherever_it_stands(form: str) -> None:
    """Alone, in a sentence, quoted, in a path, or behind an equals sign; and it is gone once redacted."""
    token = TOKENS[form]
    for text in (token, f"use {token} here", f'{{"a": "{token}"}}', f"x={token}", f"a: {token}\nb: c"):
        assert credentials.kind(text), text
        assert credentials.kind(credentials.redact(text)) is None, text


@pytest.mark.parametrize("text", INNOCENT)
def test_other_text_is_not_taken_for_a_credential(text: str) -> None:
    """Names of models, commits, digests, addresses and prose."""
    assert credentials.kind(text) is None
    assert credentials.redact(text) == text


def _texts(data: Any) -> Iterator[str]:
    match data:
        case dict():
            for key, value in data.items():
                yield str(key)
                yield from _texts(value)
        case list():
            for value in data:
                yield from _texts(value)
        case _:
            yield str(data)


def test_no_catalog_of_ours_holds_what_looks_like_a_credential() -> None:
    """The shipped catalog, those of the tests, and all that is made of them."""
    made = [path for folder in (GOLDEN, ROOT / "rendered", ROOT / "base") for path in folder.rglob("*.yaml")]
    parts = [part for path in (ROOT / "models.yaml", *made) for part in yaml.safe_load_all(path.read_bytes())]
    texts = {text for part in parts for text in _texts(part)}
    broken = [path for path in (ROOT / "tests/errors").glob("*/models.yaml") if "credential" not in path.parent.name]
    texts |= {line for path in broken for line in path.read_text("utf-8", "replace").split("\n")}
    assert {text for text in texts if credentials.kind(text)} == set()
    assert len(texts) > 500


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_name_that_stands_for_a_secret(name: str) -> None:
    """Variables, fields and flags, in every spelling."""
    assert credentials.names_secret(name)


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_a_name_that_stands_for_no_secret(name: str) -> None:
    """Among them those that say where a secret is, or how long."""
    assert not credentials.names_secret(name)


def test_only_two_flags_of_vllm_take_a_secret() -> None:
    """None of the others may be taken for one."""
    assert {flag for flag in FLAGS if credentials.names_secret(flag)} == {"--api-key", "--hf-token"}


KEY: Final = TOKENS["AWS access key id"]
IN_GIT: Final = "suggests a credential, and its value would be stored in Git"
LOOKS: Final = "looks like an AWS access key ID, which would stay in the Git history"
TAKES: Final = "takes a credential, which would be stored in Git"
VAULT: Final = "revoke it, and keep it in a Secret or a vault"
VARIABLE: Final = "revoke it, keep it in a Secret, and name that in a model's `envValueFrom`"
HUB: Final = "revoke it, and set HF_TOKEN where `artifact-sync` runs"
CALLERS: Final = "revoke it, and set `auth: true`"
OF_A_CONNECTION: Final = "revoke it, keep it in a Secret, and name that in `secret.existing`"
WRITTEN: Final[list[tuple[Any, tuple[str | int, ...], str, str]]] = [
    # By its form, in a value or as a key.
    ({"a": {"b": [KEY]}}, ("a", "b", 0), f"this {LOOKS}", VAULT),
    ({"a": {KEY: "b"}}, ("a", KEY), f"this key {LOOKS}", VAULT),
    ({"connections": {"s3": {"region": KEY}}}, ("connections", "s3", "region"),
     f"this {LOOKS}", OF_A_CONNECTION),
    # By the name of a field or a variable, whatever its value is.
    ({"env": {"DB_PASSWORD": "x"}}, ("env", "DB_PASSWORD"), f"the name DB_PASSWORD {IN_GIT}", VARIABLE),
    ({"env": {"DB_PASSWORD": 12}}, ("env", "DB_PASSWORD"), f"the name DB_PASSWORD {IN_GIT}", VARIABLE),
    ({"runtimes": {"a": {"env": {"DB_PASSWORD": "x"}}}}, ("runtimes", "a", "env", "DB_PASSWORD"),
     f"the name DB_PASSWORD {IN_GIT}", VARIABLE),
    ({"runtimes": {"env": {"image": KEY}}}, ("runtimes", "env", "image"), f"this {LOOKS}", VAULT),
    ({"env": [{"name": "DB_PASSWORD", "value": "x"}]}, ("env", 0, "value"),
     f"the name DB_PASSWORD {IN_GIT}", VARIABLE),
    ({"env": {"URL": KEY}}, ("env", "URL"), f"this {LOOKS}", VARIABLE),
    ({"env": {"HF_TOKEN": "x"}}, ("env", "HF_TOKEN"), f"the name HF_TOKEN {IN_GIT}", HUB),
    ({"env": {"VLLM_API_KEY": "x"}}, ("env", "VLLM_API_KEY"), f"the name VLLM_API_KEY {IN_GIT}", CALLERS),
    ({"password": ["", "x"]}, ("password",), f"the name password {IN_GIT}", VAULT),
    ({"password": {"a": "", "b": "x"}}, ("password",), f"the name password {IN_GIT}", VAULT),
    ({"secret": "x"}, ("secret",), f"the name secret {IN_GIT}", VAULT),
    ({"connections": {"s3": {"secretKey": "x"}}}, ("connections", "s3", "secretKey"),
     f"the name secretKey {IN_GIT}", OF_A_CONNECTION),
    ([{"name": "DB_PASSWORD", "value": "x"}], (0, "value"), f"the name DB_PASSWORD {IN_GIT}", VAULT),
    # By what is assigned, where programs read it.
    ({"annotations": {"a": '{"password": "x"}'}}, ("annotations", "a"), f"the name password {IN_GIT}", VAULT),
    ({"env": {"OPTIONS": "hf_token=x"}}, ("env", "OPTIONS"), f"the name hf_token {IN_GIT}", HUB),
    # By the flag before it.
    (["--hf-token=x"], (0,), f"--hf-token {TAKES}", HUB),
    (["--enforce-eager --api-key x"], (0,), f"--api-key {TAKES}", CALLERS),
    (["--enforce-eager", "--api-key", "x", "y"], (2,), f"--api-key {TAKES}", CALLERS),
]  # fmt: skip


@pytest.mark.parametrize(("data", "loc", "message", "hint"), WRITTEN)
def test_a_credential_in_a_catalog_is_told_from_what_it_is_or_where_it_stands(
    data: Any, loc: tuple[str | int, ...], message: str, hint: str
) -> None:
    """It is said what gave it away, and what to do, since it is no secret any more."""
    [found] = rule.check(data)
    assert (found.loc, found.code, found.message, found.hint) == (loc, credentials.CODE, message, hint)
    assert found.at_key == (loc[-1] == KEY)


@pytest.mark.parametrize(
    "data",
    [
        {"env": {"DB_PASSWORD": "", "HF_TOKEN": None, "API_KEY": True}},
        {"password": {"a": ["", {}], "valueFrom": {"key": "x"}, "secretKeyRef": {"name": "db"}}},
        {"secret": {"existing": "db"}, "externalSecret": {"store": "vault"}},
        {"connections": {"password": {"region": "x"}}, "runtimes": {"token": {"displayName": "x"}}},
        [{"name": "LOG_LEVEL", "value": "x"}, {"name": ["DB_PASSWORD"], "value": "x"}],
        {"displayName": "a word like password=x in prose"},
        ["--api-key", "--enforce-eager", "x"],
        ["api-key", "x"],
        ["--tokenizer", "x", 5],
        ["--api-key", 5, "x"],
    ],
)
def test_what_only_resembles_a_credential_is_let_through(data: Any) -> None:
    """Switches and empty values, references, blocks and entries of ours, prose, and flags that take no credential."""
    assert list(rule.check(data)) == []


def test_a_text_that_the_contract_refuses_for_its_length_is_not_searched() -> None:
    """All others are."""
    [found] = rule.check([KEY.rjust(32_768)])
    assert found.code == credentials.CODE
    assert list(rule.check([KEY.rjust(32_769)])) == []


@pytest.mark.parametrize(
    ("mark", "engine"),
    [
        ("{{", "KServe and External Secrets expand it as a Go template"),
        ("${", "OpenShift Templates and Flux expand it"),
        ("$(", "the kubelet expands it"),
    ],
)
def test_a_text_that_something_expands_says_what_does(mark: str, engine: str) -> None:
    """Each mark for itself."""
    marked = rule.check({"a": f"x{mark}y", "b": "x"})
    assert [(found.loc, found.code, found.message, found.hint) for found in marked] == [
        (("a",), "text-expansion", f"'{mark}' cannot be used: {engine}", f"write it without '{mark}'")
    ]


LONG: Final = 300_000
REPEATED: Final = ("a", "A1b/", "sk-", "://", "a://b:", "https://", "Bearer ", "eyJ", "eyJa.", "SG.", "-----BEGIN ",
                   "authorization: ", '"auth":', "?token=", "password", "a=", "--a ", "PRIVATE KEY", "hooks.slack.com/",
                   "@", "xoxb-@://", "_", "secret:", "\n", " ")  # fmt: skip


@pytest.mark.parametrize("piece", REPEATED)
def test_long_texts_are_read_in_linear_time(piece: str) -> None:
    """The worst there is, and much of it; a pattern that backtracks would take hours, and hang here."""
    text = (piece * (LONG // len(piece) + 1))[:LONG] + "".join(
        mark for form in credentials.FORMS for mark in form.marks
    )
    credentials.kind(text)
    credentials.redact(text)
