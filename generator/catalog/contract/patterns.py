"""The shapes of text in a catalog: one regular expression each, with the words that explain it."""

from typing import Final, NamedTuple

from generator.codes import Code


class Shape(NamedTuple):
    """What a pattern means: the diagnostic's code, what the text must be, and what to do."""

    code: Code
    must_be: str
    hint: str | None = None


def whole_number_as_text(value: object) -> object:
    """`2` as `"2"`; anything else as it is."""
    return str(value) if type(value) is int else value


NAME: Final = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"
NAMESPACE: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
_SUBDOMAIN: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
"""dns1123SubdomainFmt in kubernetes/apimachinery pkg/util/validation/validation.go @ v0.34.0."""
_PORT: Final = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_BYTE: Final = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_DNS_LABEL: Final = r"[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?"
# A name that ends with a number is an address: https://url.spec.whatwg.org/#ends-in-a-number-checker
_HOST: Final = rf"(({_DNS_LABEL}\.)*[A-Za-z]([-A-Za-z0-9]{{0,61}}[A-Za-z0-9])?|({_BYTE}\.){{3}}{_BYTE})"
OBJECT_NAME: Final = rf"^{_SUBDOMAIN}$"
COMMIT: Final = r"^[0-9a-f]{40}$"
REPO: Final = r"^[A-Za-z0-9][-_.A-Za-z0-9]{0,95}/[A-Za-z0-9][-_.A-Za-z0-9]{0,95}$"
VERSION: Final = r"^[0-9]+(\.[0-9]+){1,3}((a|b|rc|\.post|\.dev)[0-9]+)?(\+[a-z0-9.]+)?$"
_RELEASE: Final = r"[0-9]+(\.[0-9]+)*((a|b|rc)[0-9]+)?"
_COMPARED: Final = (
    rf"((>=|<=|<|>|==|!=) *{_RELEASE}|(==|!=) *[0-9]+(\.[0-9]+)*\.\*|~= *[0-9]+(\.[0-9]+)+((a|b|rc)[0-9]+)?)"
)
SPECIFIER: Final = rf"^{_COMPARED}( *, *{_COMPARED})*$"
"""Of what packaging.specifiers takes, and PEP 440 describes, what is of use here."""
# distribution/reference regexp.go @ 727f80d4, with a registry or an organisation, and a tag or a digest.
IMAGE: Final = (
    rf"^{_SUBDOMAIN}(:{_PORT})?(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)+"
    r"(:[A-Za-z0-9_][-.A-Za-z0-9_]{0,127}|(:[A-Za-z0-9_][-.A-Za-z0-9_]{0,127})?@sha256:[0-9a-f]{64})$"
)
_FRACTION: Final = r"([1-9][0-9]*\.[0-9]{1,3}|0\.(00[1-9]|0?[1-9][0-9]?|[1-9][0-9]{2}))"
HOST: Final = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+$"
"""ValidateHost in openshift/library-go pkg/route/validation/validation.go, UNVERIFIED: labels as in DNS."""
ALIAS: Final = r"^[A-Za-z0-9][-_.:/A-Za-z0-9]*$"
CPU: Final = rf"^([1-9][0-9]*m?|{_FRACTION})$"
MEMORY: Final = rf"^([1-9][0-9]*(Ki|Mi|Gi|Ti|k|M|G|T)?|{_FRACTION}(Ki|Mi|Gi|Ti|k|M|G|T))$"
EXTENDED_RESOURCE: Final = rf"^{_SUBDOMAIN}/[A-Za-z0-9]([-_.A-Za-z0-9]{{0,61}}[A-Za-z0-9])?$"
MIG_SLICE: Final = r"^nvidia\.com/mig-[1-9]g\.[1-9][0-9]*gb([-.][a-z]+)*$"
"""AddDefaultResourcesToConfig in NVIDIA/k8s-device-plugin internal/rm/rm.go @ 014b4ecd: a profile such as 1g.10gb+me,
with a dot for the plus. `.shared`, of time-slicing: UNVERIFIED, from its README.
"""
LABEL_KEY: Final = rf"^({_SUBDOMAIN}/)?[A-Za-z0-9]([-_.A-Za-z0-9]{{0,61}}[A-Za-z0-9])?$"
LABEL_VALUE: Final = r"^([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?$"
CONFIG_KEY: Final = r"^[-._A-Za-z0-9]+$"
"""IsConfigMapKey in kubernetes/apimachinery pkg/util/validation/validation.go @ v0.34.0."""
ENV_NAME: Final = r"^[A-Za-z_][A-Za-z0-9_]*$"
ENDPOINT: Final = rf"^https?://{_HOST}(:{_PORT})?$"
BUCKET: Final = r"^[a-z0-9](\.?(-\.?)*[a-z0-9])*$"
REGION: Final = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_SEGMENT: Final = r"[A-Za-z0-9][-_A-Za-z0-9]*(\.[-_A-Za-z0-9]+)*"
PREFIX: Final = rf"^{_SEGMENT}(/{_SEGMENT})*$"
PROSE: Final = r"^[^\t\r]+$"
LINE: Final = r"^[^\s]([^\n\r\t]*[^\s])?$"
GIT_URL: Final = r"^(https://[^\s@]+|ssh://[^\s]+|git@[^\s]+)$"
FLAG: Final = r"^--[A-Za-z0-9][^\s=]*(=[\s\S]*)?$"

SHAPES: Final[dict[str, Shape]] = {
    NAME: Shape(
        "invalid-name",
        "a name of lowercase letters, digits and '-', starting with a letter and not ending with '-'",
    ),
    NAMESPACE: Shape("invalid-name", "a namespace: lowercase letters, digits and '-'"),
    OBJECT_NAME: Shape("invalid-name", "a Kubernetes object's name: lowercase letters, digits, '-' and single '.'"),
    COMMIT: Shape(
        "revision-not-a-commit",
        "a commit of 40 hexadecimal digits",
        "branches and tags move: pin the commit; `generator lock --upgrade NAME` writes it here",
    ),
    REPO: Shape("invalid-repo", "a Hub repository 'owner/name'"),
    VERSION: Shape("invalid-version", "a version such as 0.13.0"),
    SPECIFIER: Shape("invalid-version", "a version specifier such as '>=0.2' or '>=0.2,<1'"),
    IMAGE: Shape(
        "invalid-image",
        "a full image reference 'registry/path:tag' or 'registry/path@sha256:…'",
        "give the registry, and a tag or, preferably, a digest",
    ),
    HOST: Shape("invalid-name", "a host such as embed.apps.example.com, in lowercase"),
    ALIAS: Shape("invalid-name", "a name for clients: letters, digits and - _ . : /, starting with a letter or digit"),
    CPU: Shape("invalid-quantity", "a number of CPUs such as 2, 0.5 or 500m"),
    MEMORY: Shape("invalid-quantity", "an amount of memory such as 8Gi or 512Mi"),
    EXTENDED_RESOURCE: Shape("invalid-name", "an extended resource such as nvidia.com/gpu or nvidia.com/mig-1g.10gb"),
    MIG_SLICE: Shape("invalid-name", "a MIG slice such as nvidia.com/mig-1g.10gb"),
    LABEL_KEY: Shape(
        "invalid-label",
        "a label or annotation key: an optional 'domain/', then up to 63 of A-Z a-z 0-9 . - _",
    ),
    LABEL_VALUE: Shape(
        "invalid-label",
        "a label value: up to 63 of A-Z a-z 0-9 - _ . with a letter or digit at both ends",
        "put longer or free text in an annotation",
    ),
    ENV_NAME: Shape("invalid-name", "a variable's name: letters, digits and '_', not starting with a digit"),
    CONFIG_KEY: Shape("invalid-name", "a key of a Secret or ConfigMap: letters, digits, '-', '_' and '.'"),
    ENDPOINT: Shape(
        "invalid-endpoint",
        "'https://host' or 'https://host:port', or the same with http, without user, path or trailing '/'",
    ),
    BUCKET: Shape("invalid-bucket", "a bucket name: 3 to 63 lowercase letters, digits, '-' and single '.'"),
    REGION: Shape("invalid-name", "a region such as us-east-1"),
    PREFIX: Shape(
        "invalid-prefix",
        "a key prefix 'a/b' of letters, digits, '-', '_' and single '.' between them, without '/' at either end",
    ),
    LINE: Shape("invalid-text", "one line of text without spaces at its ends"),
    PROSE: Shape("invalid-text", "text without tabs or carriage returns"),
    GIT_URL: Shape("invalid-url", "a Git URL: https://…, ssh://… or git@…, without a password"),
    FLAG: Shape(
        "invalid-argument",
        "a flag as one item: '--flag' or '--flag=value'",
    ),
}  # fmt: skip
