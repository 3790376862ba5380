"""What the Hub's answers say, as values of our own."""

from typing import Any, NamedTuple

from generator.hub.errors import HubError, Request
from generator.hub.files import ModelFile
from generator.yaml.read import printable


class Description(NamedTuple):
    """What a repository says of itself at a commit."""

    license: str | None
    gated: bool


def commit_of(request: Request, commit: str | None) -> str:
    """The commit that the Hub names. Raises HubError if it names none."""
    if commit is None:
        raise HubError(f"the Hub gives no commit for {request}")
    return commit


def license_of(info: Any) -> str | None:
    """The licence's name; for a licence of its own, the name that the repository gives it."""
    card = info.card_data or {}
    names = [card.get("license"), *(tag.partition(":")[2] for tag in info.tags or () if tag.startswith("license:"))]
    name = next((name for name in names if name), None)
    if isinstance(name, list):
        name = ", ".join(map(str, name))
    own = card.get("license_name") if name == "other" else None
    return printable(str(own or name)) if name else None


def file_of(row: Any) -> ModelFile:
    """Small files are known by Git's sha1; a large one's `blob_id` is only that of its pointer."""
    sha256 = row.lfs.sha256 if row.lfs else None
    return ModelFile(row.path, row.size, sha256, None if sha256 else row.blob_id)
