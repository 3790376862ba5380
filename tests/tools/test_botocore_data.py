"""The fraction of botocore's data that is found first: what of it a sync uses equals botocore's own."""

import json
from pathlib import Path
from typing import Any

import botocore_data
import pytest
from botocore.loaders import Loader
from botocore.regions import EndpointResolver

from generator.sync.botocore_data import FOLDER, DataLoader

FULL = Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH])


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataLoader:
    """What a sync finds, on a machine without data of the user's own."""
    monkeypatch.setattr(Loader, "CUSTOMER_DATA_PATH", str(tmp_path))
    return DataLoader(None)


def _undocumented(data: Any) -> Any:
    """Without texts; a member of that name would not be a text."""
    if isinstance(data, list):
        return [_undocumented(value) for value in data]
    if not isinstance(data, dict):
        return data
    return {
        name: _undocumented(value)
        for name, value in data.items()
        if not (name.startswith("documentation") and isinstance(value, str))
    }


def test_the_files_are_those_of_the_installed_botocore() -> None:
    """If this fails, the pinned botocore has changed: run `make botocore-data`."""
    written = {
        path.relative_to(FOLDER).with_suffix("").as_posix(): json.loads(path.read_text("utf-8"))
        for path in FOLDER.rglob("*.json")
    }
    assert written == botocore_data.reduced(FULL)
    assert list(FOLDER.parent.glob("botocore-*")) == [FOLDER]


@pytest.mark.parametrize("part", ["operations", "shapes"])
def test_operations_and_what_they_refer_to_are_equal(found: DataLoader, part: str) -> None:
    """All but the texts."""
    ours, theirs = (loader.load_service_model("s3", "service-2") for loader in (found, FULL))
    assert len(ours[part]) > len(botocore_data.OPERATIONS) // 2
    assert ours[part] == _undocumented({name: theirs[part][name] for name in ours[part]})
    reduced = {"operations": None, "shapes": None}
    assert {**theirs, **reduced} == {**ours, **reduced}


@pytest.mark.parametrize("service", ["s3", "sts", "portal.sso", "oidc", "signin"])
def test_every_region_has_the_same_endpoints(found: DataLoader, service: str) -> None:
    """Those of botocore's rules, and of the table that it used before them."""
    name = {"portal.sso": "sso", "oidc": "sso-oidc"}.get(service, service)
    assert found.load_service_model(name, "endpoint-rule-set-1") == FULL.load_service_model(name, "endpoint-rule-set-1")
    ours, theirs = (EndpointResolver(loader.load_data("endpoints")) for loader in (found, FULL))
    for partition in theirs.get_available_partitions():
        regions = theirs.get_available_endpoints("ec2", partition)
        assert [ours.construct_endpoint(service, region) for region in regions] == [
            theirs.construct_endpoint(service, region) for region in regions
        ]


def test_data_of_the_users_own_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In AWS_DATA_PATH, then in ~/.aws/models; endpoints there are not taken for botocore's."""
    monkeypatch.setattr(Loader, "CUSTOMER_DATA_PATH", str(tmp_path / "models"))
    assert _endpoints(tmp_path)[1]
    for folder in ("models", "path"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "endpoints.json").write_text(json.dumps(folder))
        assert _endpoints(tmp_path) == (folder, False)


def _endpoints(folder: Path) -> tuple[Any, bool]:
    """The table of endpoints, and whether it is botocore's."""
    loader = DataLoader(str(folder / "path"))
    data, path = loader.load_data_with_path("endpoints")
    return data, loader.is_builtin_path(path)
