"""Keys that botocore fetches itself: those of a pod's service account, from AWS's Security Token Service (STS)."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from fakes.hub import FakeHub
from scene import Scene
from servers.s3 import S3

_ANSWER = """\
<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/sync/pod</Arn></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>{access_key}</AccessKeyId><SecretAccessKey>{secret_key}</SecretAccessKey>
      <SessionToken/><Expiration>2099-01-01T00:00:00Z</Expiration>
    </Credentials>
  </AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>"""


@pytest.fixture
def sts(versitygw: S3) -> Iterator[ThreadingHTTPServer]:
    """Gives the bucket's keys, without a session token, which versitygw would refuse, to a pod whose token it knows."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            known = asked["Action"] == ["AssumeRoleWithWebIdentity"] and asked["WebIdentityToken"] == ["of-the-pod"]
            body = _ANSWER.format(access_key=versitygw.access_key, secret_key=versitygw.secret_key).encode()
            self.send_response(200 if known else 403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """In silence."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.s3
def test_the_identity_of_a_pod_is_enough(
    fake_hub: FakeHub, versitygw: S3, sts: ThreadingHTTPServer, tmp_path: Path
) -> None:
    """As on ROSA, where the service account's token is mounted and these variables are set (IRSA)."""
    scene = Scene(tmp_path / "project", fake_hub, versitygw)
    scene.add()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del scene.environ[name]
    (token := tmp_path / "token").write_text("of-the-pod")
    scene.environ |= {
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/sync",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{sts.server_port}",
    }
    ran = scene.sync()
    assert ran.code == 0, ran.stderr
    scene.expect()
