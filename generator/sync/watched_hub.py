"""The Hub, each of whose requests is a wait."""

from generator.hub.files import ModelFile
from generator.sync.engine import Location
from generator.sync.model import Lister
from generator.sync.waits import Waits


class WatchedHub:
    """The Hub, whose requests are waits."""

    def __init__(self, hub: Lister, waits: Waits) -> None:
        self._hub, self._waits = hub, waits

    def tree(self, repo: str, commit: str) -> tuple[ModelFile, ...]:
        """All files of a commit."""
        with self._waits.on(f"list the files of {repo}"):
            return self._hub.tree(repo, commit)

    def locate(self, repo: str, commit: str, path: str) -> Location:
        """Where the file can be read now."""
        with self._waits.on(f"ask where {path} of {repo} is"):
            return self._hub.locate(repo, commit, path)

    def direct(self, repo: str, commit: str, file: ModelFile) -> Location:
        """Where a file that is read in one request is asked for; costs no request, so there is no wait."""
        return self._hub.direct(repo, commit, file)
