"""Several connections: their buckets and keys, and what the environment may set."""

from pathlib import Path

import pytest
from fakes.faulty import FaultyS3
from fakes.hub import FakeHub
from helpers import MINIMAL
from scene import FILES, Scene
from servers.s3 import S3, Versitygw

from generator.catalog.validate import validate
from generator.sync.destinations import Selection, Settings, destinations
from generator.sync.s3_client import Access
from generator.yaml.read import parse


@pytest.fixture
def scene(fake_hub: FakeHub, versitygw: S3, tmp_path: Path) -> Scene:
    """Two models, each in a bucket of its own on the same server."""
    scene = Scene(tmp_path / "project", fake_hub, versitygw)
    scene.add("m", FILES, "acme/m", connection="first")
    scene.add("other", FILES, "acme/other", connection="second-s3")
    catalog = scene.catalog()
    s3 = {"displayName": "S3", "endpoint": versitygw.endpoint}
    catalog["connections"] = {
        "first": {**s3, "bucket": versitygw.bucket, "secret": {"existing": "first"}},
        "second-s3": {**s3, "bucket": "catalogs-other", "secret": {"existing": "second"}},
    }
    scene.write({**catalog, "name": "search"})
    return scene


@pytest.mark.s3
def test_plain_variables_do_not_decide_for_two_connections(scene: Scene) -> None:
    """Both models would go to one bucket, and one would have an empty prefix: this is an error."""
    ran = scene.sync()
    assert ran.code == 2
    assert ran.stderr == (
        "error: AWS_S3_ENDPOINT is set, but there are 2 connections: first, second-s3\n"
        "  hint: select one with --connection, or set FIRST_AWS_S3_ENDPOINT and the like\n"
    )
    assert (scene.present(), scene.hub.requests) == ({}, [])
    assert "2 connections" in scene.sync("--prune").stderr
    assert scene.sync("--connection", "first").code == 0
    scene.expect("m")


@pytest.mark.s3
def test_each_connection_has_variables_of_its_own(
    scene: Scene, versitygw_server: Versitygw, faulty_s3: FaultyS3
) -> None:
    """Their prefix is its name, as `envFrom` can set it: for bucket, endpoint and keys."""
    other = versitygw_server.restrict(versitygw_server.bucket())
    mine = {name: scene.environ.pop(name) for name in list(scene.environ) if name.startswith("AWS_")}
    scene.environ |= {f"FIRST_{name}": value for name, value in mine.items()}
    scene.environ |= {f"SECOND_S3_{name}": value for name, value in other.through(faulty_s3.endpoint).env.items()}
    ran = scene.sync()
    assert ran.code == 0, ran.stderr
    scene.expect("m")
    assert {key.split("/")[1] for key in other.tree()} == {".sync", "other"}
    assert {request.bucket for request in faulty_s3.requests} == {other.bucket}


@pytest.mark.s3
def test_plain_keys_apply_to_all_connections(scene: Scene, versitygw_server: Versitygw) -> None:
    """Without a bucket or endpoint in the environment, the catalog decides."""
    other = versitygw_server.bucket("catalogs-other")
    for name in ("AWS_S3_ENDPOINT", "AWS_S3_BUCKET"):
        del scene.environ[name]
    assert scene.sync().code == 0
    scene.expect("m")
    assert {key.split("/")[1] for key in other.tree()} == {".sync", "other"}


@pytest.mark.parametrize(
    ("endpoint", "used", "region"),
    [
        ("https://s3.amazonaws.com", None, "us-east-1"),
        ("s3.amazonaws.com/", None, "us-east-1"),
        ("https://s3.eu-west-1.amazonaws.com", None, "eu-west-1"),
        ("https://s3-us-gov-west-1.amazonaws.com", None, "us-gov-west-1"),
        ("https://s3.cn-north-1.amazonaws.com.cn", None, "cn-north-1"),
        ("https://s3-fips.us-east-2.amazonaws.com", "https://s3-fips.us-east-2.amazonaws.com", "us-east-1"),
        ("https://s3.dualstack.eu-west-1.amazonaws.com", "https://s3.dualstack.eu-west-1.amazonaws.com", "us-east-1"),
        (
            "https://bucket.vpce-1a2b3c4d.s3.us-east-1.vpce.amazonaws.com",
            "https://bucket.vpce-1a2b3c4d.s3.us-east-1.vpce.amazonaws.com",
            "us-east-1",
        ),
        ("https://notamazonaws.com", "https://notamazonaws.com", "us-east-1"),
        ("https://s3.example.com", "https://s3.example.com", "us-east-1"),
    ],
)
def test_only_the_standard_endpoints_of_aws_are_left_to_boto3(endpoint: str, used: str | None, region: str) -> None:
    """KServe uses the endpoint as written, and so does a sync. A standard endpoint's name contains its region."""
    access = _access(endpoint)
    assert (access.endpoint, access.region) == (used, region)


def test_keys_are_not_printed() -> None:
    """Not even in a traceback."""
    access = _access("https://s3.example.com", S3_AWS_SECRET_ACCESS_KEY="secret")  # noqa: S106
    assert access.keys is not None
    assert "secret" not in repr(access)


def _access(endpoint: str, **more: str) -> Access:
    catalog, _ = validate(parse(MINIMAL.encode(), "models.yaml"))
    settings = Settings({"AWS_S3_ENDPOINT": endpoint, "S3_AWS_S3_ENDPOINT": endpoint, **more})
    [destination] = destinations(catalog, {}, Selection(), settings)
    return destination.access
