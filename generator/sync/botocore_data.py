"""Where botocore finds its data: mostly in a fraction of it, which is what takes a client so long to create.

`tools/botocore_data.py` makes `botocore-<version>`: the operations on S3 that a sync uses, without their documentation,
and the endpoints of S3 and of what gives credentials. Any other version of botocore reads all of its own data instead.
"""

from pathlib import Path
from typing import Final

import botocore
from botocore.loaders import Loader, create_loader

FOLDER: Final = Path(__file__).with_name(f"botocore-{botocore.__version__}")


class DataLoader(Loader):
    """Looks where botocore's own would, and in FOLDER just before botocore's data."""

    def __init__(self, data_path: str | None) -> None:
        *users, own = create_loader(data_path).search_paths
        super().__init__([*users, str(FOLDER), own], include_default_search_paths=False)

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's signature
        """All names. Whether a folder has data of that type is seen when that is loaded; botocore looks into each."""
        return sorted({each.name for path in map(Path, self.search_paths) if path.is_dir() for each in path.iterdir()})

    def is_builtin_path(self, path: str) -> bool:
        """Whether botocore may trust the data as its own: endpoints of users' own take precedence over its rules."""
        return path.startswith(str(FOLDER)) or bool(super().is_builtin_path(path))
