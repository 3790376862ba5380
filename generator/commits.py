"""Commits as people and paths see them."""


def short(commit: str) -> str:
    """Enough of a commit to tell it from every other of its repository, in messages and in the bucket's paths."""
    return commit[:12]
