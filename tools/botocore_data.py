"""Writes the fraction of botocore's data that `generator/sync/botocore_data.py` finds first: `make botocore-data`.

The installed botocore's: https://github.com/boto/botocore, botocore/data, Apache-2.0.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from typing import Any, Final

from botocore.loaders import Loader

from generator.sync.botocore_data import FOLDER

OPERATIONS: Final = (
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CreateMultipartUpload",
    "CreateSession",  # botocore's own, for directory buckets: S3ExpressIdentityCache
    "DeleteObject",
    "GetObject",
    "GetObjectLockConfiguration",
    "HeadBucket",  # botocore's own, for a bucket in another region: S3RegionRedirectorv2
    "ListMultipartUploads",
    "ListObjectsV2",
    "ListParts",
    "PutObject",
    "UploadPart",
    "UploadPartCopy",
)
"""What generator/sync/s3.py calls, and what botocore calls by itself."""
SERVICES: Final = ("s3", "sts", "sso", "sso-oidc", "signin")
"""S3, and whom botocore's credentials.py and tokens.py ask for credentials."""


def reduced(full: Loader) -> Mapping[str, Any]:
    """The contents of the files, by path without the ending."""
    version = full.determine_latest_version("s3", "service-2")
    service, rules = f"s3/{version}/service-2", f"s3/{version}/endpoint-rule-set-1"
    return {
        "endpoints": _endpoints(full),
        service: _service(full.load_data(service)),
        rules: full.load_data(rules),  # all of them, but 120 kB instead of the 920 kB that are mostly blanks
    }


def _endpoints(full: Loader) -> Mapping[str, Any]:
    models = [full.load_service_model(name, "service-2") for name in SERVICES]
    wanted = {model["metadata"]["endpointPrefix"] for model in models}
    found: Mapping[str, Any] = full.load_data("endpoints")
    return {
        **found,
        "partitions": [
            {**each, "services": {name: data for name, data in each["services"].items() if name in wanted}}
            for each in found["partitions"]
        ],
    }


def _service(model: Mapping[str, Any]) -> Mapping[str, Any]:
    operations = {name: model["operations"][name] for name in OPERATIONS}
    shapes: dict[str, Any] = {}
    left = list(_shapes(operations))
    while left:
        if (name := left.pop()) not in shapes:
            shapes[name] = model["shapes"][name]
            left += _shapes(shapes[name])
    used = {"operations": operations, "shapes": {name: shapes[name] for name in sorted(shapes)}}
    return {**model, **{part: _undocumented(data) for part, data in used.items()}}


def _shapes(data: Any) -> Iterator[str]:
    """The names of shapes to which data refers."""
    for name, value in data.items() if isinstance(data, Mapping) else enumerate(data) if isinstance(data, list) else ():
        if name == "shape" and isinstance(value, str):
            yield value
        else:
            yield from _shapes(value)


def _undocumented(data: Any) -> Any:
    if isinstance(data, list):
        return [_undocumented(value) for value in data]
    if not isinstance(data, Mapping):
        return data
    texts = {name for name in ("documentation", "documentationUrl") if isinstance(data.get(name), str)}
    return {name: _undocumented(value) for name, value in data.items() if name not in texts}


def main() -> None:
    """Replace what is there, of whichever version."""
    for old in FOLDER.parent.glob("botocore-*"):
        shutil.rmtree(old)
    for path, data in reduced(Loader()).items():
        file = FOLDER / f"{path}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(data, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()
