"""What a credential looks like, and which names stand for one: recognised to be refused, and never printed.

The forms are those that issuers document for their tokens, and gitleaks config/gitleaks.toml @ b58d3f102cf3. Every
pattern takes time linear in the text: what repeats is bounded, or can start at one place only.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

from generator.codes import Code

CODE: Final[Code] = "credential-in-catalog"
HIDDEN: Final = "***"


class _Form(NamedTuple):
    """One kind of credential. A text without any of the marks holds none, and the pattern is not even compiled."""

    what: str
    marks: tuple[str, ...]
    pattern: str


def _token(what: str, *starts: str, rest: str = "[A-Za-z0-9_-]{16,}") -> _Form:
    """A token that is a word of its own: one of the starts, and the rest."""
    return _Form(what, starts, rf"(?<![A-Za-z0-9])(?:{'|'.join(re.escape(start) for start in starts)}){rest}")


FORMS: Final = (
    _token("an AWS access key ID", "AKIA", "ASIA", "ABIA", "ACCA", rest="[0-9A-Z]{16}(?![0-9A-Za-z])"),
    _token("an AWS Bedrock key", "ABSK", rest="[A-Za-z0-9+/]{40,}"),
    _token("a Hugging Face token", "hf_", "api_org_", rest="[A-Za-z0-9]{20,}"),
    _token("a GitHub token", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", rest="[A-Za-z0-9_]{30,}"),
    _token("a GitLab token", "glagent-", "glcbt-", "gldt-", "glffct-", "glft-", "glimt-", "gloas-", "glpat-"),
    _token("a GitLab token", "glptt-", "glrt-", "glsoat-"),
    _token("a Slack token", "xoxa-", "xoxb-", "xoxe-", "xoxe.", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-",
           rest="[A-Za-z0-9.-]{10,}"),
    _token("an API key", "sk-", rest="[A-Za-z0-9]{20,}"),
    _token("an API key", "sk-proj-", "sk-svcacct-", "sk-admin-", "sk-ant-", "sk-or-", "sk-lf-"),
    _token("a Google key", "AIza", "ya29.", "GOCSPX-", rest="[A-Za-z0-9_-]{20,}"),
    _token("a PyPI token", "pypi-AgE"),
    _token("an npm token", "npm_", rest="[A-Za-z0-9]{30,}"),
    _token("a Vault token", "hvb.", "hvr.", "hvs."),
    _token("an OpenShift token", "sha256~"),
    _token("an NVIDIA API key", "nvapi-"),
    _token("a Docker Hub token", "dckr_pat_", "dckr_oat_"),
    _token("a Groq or Replicate key", "gsk_", "r8_", rest="[A-Za-z0-9]{30,}"),
    _token("a Stripe key", "sk_live_", "sk_test_", "sk_prod_", "rk_live_", "rk_test_", "rk_prod_"),
    _token("a SendGrid key", "SG.", rest=r"[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,}"),
    _token("a Databricks token", "dapi", rest="[0-9a-f]{32}"),
    _token("a DigitalOcean token", "doo_v1_", "dop_v1_", "dor_v1_"),
    _token("a Grafana token", "glc_", "glsa_", rest="[A-Za-z0-9+/_]{32,}"),
    _token("an Artifactory token", "AKCp", "cmVmd", rest="[A-Za-z0-9]{40,}"),
    _token("an age key", "AGE-SECRET-KEY-1"),
    _token("a JSON web token", "eyJ", rest=r"[A-Za-z0-9_-]{10,2048}\.eyJ[A-Za-z0-9_-]{10,}"),
    _Form("a private key", ("PRIVATE KEY",), r"-----BEGIN [0-9A-Z ]{0,64}PRIVATE KEY(?: BLOCK)?-----"),
    _Form("a private key", ("PuTTY-User-Key",), r"PuTTY-User-Key-File-[0-9]"),
    # Unlike a path, a digest or a name: exactly 40 of base64's characters, of three classes, and not hexadecimal.
    _Form(
        "an AWS secret access key",
        ("",),
        r"(?<![A-Za-z0-9/+])(?=[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=]))(?![0-9A-Fa-f]{40})"
        r"(?=[^a-z]{0,39}[a-z])(?=[^A-Z]{0,39}[A-Z])(?=[^0-9]{0,39}[0-9])[A-Za-z0-9/+]{40}",
    ),
    _Form(
        "a bearer token",
        ("earer ", "EARER "),
        r"\b(?i:bearer) {1,8}(?:(?=[A-Za-z._~+/-]{0,64}[0-9])[A-Za-z0-9._~+/-]{8,}|[A-Za-z0-9._~+/-]{20,})",
    ),
    _Form(
        "a login",
        ("uthorization", "UTHORIZATION"),
        r"\b(?i:authorization)[\"']?[ \t]{0,8}[:=][ \t]{0,8}[\"']?(?i:apikey|basic|bearer|token)[ \t][^\s\"']{4,}",
    ),
    _Form("a login", ('"auth"',), r"\"auth\"[ \t]{0,8}:[ \t]{0,8}\"[A-Za-z0-9+/=]{12,}"),
    _Form("an Azure key", ("AccountKey=", "SharedAccess"),
          r"(?:AccountKey|SharedAccessKey|SharedAccessSignature)=[A-Za-z0-9+/%=&-]{16,}"),
    _Form("a Slack webhook", ("hooks.slack.com/",),
          r"hooks\.slack\.com/(?:services|triggers|workflows)/[A-Za-z0-9+/]{20,}"),
    _Form("a password in a URL", ("@",), r"(?<=://)[^\s/@:]{0,64}:(?![0-9]{1,5}[/?#])[^\s@]{1,256}@"),
    _Form("a token in a URL", ("@",), r"(?:(?<=http://)|(?<=https://))[^\s/?#@]{1,256}@"),
    _Form(
        "a token in a URL",
        ("?", "&"),
        r"(?<=[?&])(?i:(?:access_|auth_|id_|private_|refresh_)?token|api[_-]?key|key|password|secret|sig"
        r"|x-amz-signature)=[^\s&]{4,}",
    ),
)  # fmt: skip

_SHORTEST: Final = 12
_SHORTEST_SECRET: Final = 2
_SIGNS: Final = "_-.@=?& ~"


def _sign(mark: str) -> str:
    return next((sign for sign in _SIGNS if sign in mark), "")


_BY_SIGN: Final = tuple(
    (sign, tuple((mark, form) for form in FORMS for mark in form.marks if _sign(mark) == sign))
    for sign in (*_SIGNS, "")
)
"""Forms by a character of their mark: most texts have few of these, and then most marks need not be looked for."""

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_ENDS: Final = tuple(
    "password passwords passwd passphrase secret secrets token apikey accesskey privatekey secretkey credential"
    " credentials creds dockerconfigjson".split()
)
"""With which a word ends that stands for a secret: `HFTOKEN`, too."""
_WORDS: Final = frozenset("pass pgpass pwd pat jwt".split())
_ABOUT: Final = frozenset(
    "count dir enabled endpoint field file format header id ids issuer len length limit mode name names namespace"
    " parallelism path prefix property provider ref refs required size threshold timeout ttl type uri url"
    " version".split()
)
"""Behind the secret in a name, these say something about it, or where it is."""
_PUBLIC_KEYS: Final = frozenset("cache foreign object partition primary public routing shard sort topology".split())
_OTHERS: Final = frozenset(
    "adapter allow begin bos cls end eos existing image mask max next num pad per prompt pull sep special start stop"
    " unk".split()
)
"""Before it, these mean a token of text, a Secret's name (`existingSecret`), or a rule (`allow`)."""
_LONGEST_NAME: Final = 256
_SWITCHES: Final = frozenset(("", "0", "1", "true", "false"))

_ASSIGNED: Final = re.compile(
    r"(?<![\w./-])(?P<name>-{0,2}[A-Za-z_][\w./-]{0,255})(?P<is>[\"']?[ \t]{0,16}[:=][ \t]{0,16})"
    r"(?=(?P<value>[^\s,}\]]\S{0,64}))"
)
_ANY_WORD: Final = re.compile(r"[\w./-]+")
_VALUE_END: Final = re.compile(r"[\s,}\"']")
_FLAGS: Final = re.compile(r"(?<![^\s\"'\[,])(--?[A-Za-z][\w-]{0,255}+)(?:=|[ \t]{1,16})(?=\S)")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def kind(text: str) -> str | None:
    """What credential `text` holds, or None."""
    if len(text) < _SHORTEST:
        return None
    return next((form.what for mark, form in _marked(text) if _compiled(form.pattern).search(text)), None)


def _marked(text: str) -> Iterator[tuple[str, _Form]]:
    for sign, forms in _BY_SIGN:
        if sign in text:
            for each in forms:
                if each[0] in text:
                    yield each


@lru_cache(maxsize=4096)
def names_secret(name: str) -> bool:
    """Whether a field, variable or flag of this name is meant to hold a credential."""
    words = [word.lower() for word in _WORD.findall(name[-_LONGEST_NAME:].rpartition("/")[2])]
    for place, word in enumerate(words):
        before, rest = words[place - 1] if place else "", words[place + 1 :]
        if word == "key" and before and before not in _PUBLIC_KEYS and rest in ([], ["id"], ["value"]):
            return True
        stands = word.endswith(_ENDS) or (word in _WORDS and (before or word != "pwd"))
        if stands and before not in _OTHERS and (_ABOUT.isdisjoint(rest) or rest[:2] == ["key", "id"]):
            return True
    return False


def is_switch(value: Any) -> bool:
    """Whether a value is nothing, or on or off, and so no credential whatever its name says."""
    return value is None or str(value).lower() in _SWITCHES


def secret_flag(text: str) -> str | None:
    """The flag that is given a credential in `text`, when that is an argument or a whole command line."""
    if not text.startswith("-"):
        return None
    return next((found[1] for found in _FLAGS.finditer(text) if names_secret(found[1])), None)


def assigned_secret(text: str, *, prose: bool = False) -> str | None:
    """The name that stands for a credential and is given a value in `text`, as in JSON, and in prose with a ':'."""
    if "=" not in text and ":" not in text:
        return None
    assigned = (found for found in _ASSIGNED.finditer(text) if prose or found["is"].strip() != ":")
    return next((found["name"] for found in assigned if _holds_secret(found)), None)


def mentions_secret(text: str) -> bool:
    """Whether a word of `text` stands for a credential, which may be among the others."""
    words = _ANY_WORD.findall(text)
    return len(words) > 1 and any(map(names_secret, words))


def _holds_secret(found: re.Match[str]) -> bool:
    """Whether an assignment gives a credential, and not a switch or the name of a variable that holds one."""
    value = _VALUE_END.split(found["value"].lstrip("\"'"), maxsplit=1)[0]
    return names_secret(found["name"]) and not is_switch(value) and not (value.isupper() and names_secret(value))


def redact(text: str) -> str:
    """`text` without the credentials that are known by their form."""
    for _, form in _marked(text):
        text = _compiled(form.pattern).sub(HIDDEN, text)
    return text


def hide(message: str, texts: Iterable[str]) -> str:
    """`message` without these texts, unless they are too short to be a credential."""
    for text in texts:
        message = message.replace(text, HIDDEN) if len(text) > _SHORTEST_SECRET else message
    return message
