"""Text that looks like a credential: recognised so that it is refused, and never printed."""

import re
from typing import Final

from generator.codes import Code

CODE: Final[Code] = "credential-in-catalog"
# UNVERIFIED: the forms that the issuers document for their tokens.
_TOKENS: Final = {
    "an AWS access key ID": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{20,}",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})",
    "a GitLab token": r"\bglpat-[A-Za-z0-9_-]{16,}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a JSON web token": r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}",
    "a password in a URL": r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,31}://[^\s/@:]{0,256}:[^\s]{1,1024}@",
}
TOKEN = re.compile("|".join(f"({pattern})" for pattern in _TOKENS.values()))
_SECRET_NAME = re.compile(r"(?i)(?:^|_)(?:password|passwd|secret|token|api_?key|access_?key)(?:_|$)")


def kind(text: str) -> str | None:
    """What credential `text` holds, or None."""
    found = TOKEN.search(text)
    return list(_TOKENS)[found.lastindex - 1] if found and found.lastindex else None


def names_secret(variable: str) -> bool:
    """Whether a variable of this name is meant to hold a credential."""
    return _SECRET_NAME.search(variable) is not None


def redact(text: str) -> str:
    """`text` without the credentials in it."""
    return TOKEN.sub("***", text)
