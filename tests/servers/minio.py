"""A real MinIO, on one drive."""

import shutil

from .remote import RemoteS3
from .s3 import Server


class MinIO(Server):
    """The server that lists uploads only by their whole key."""

    kind = RemoteS3

    def arguments(self) -> list[str]:
        """Certificates are found by their names in a folder, which for plain HTTP is empty."""
        certificates = self.folder / "certificates"
        certificates.mkdir(exist_ok=True)
        if self.tls:
            shutil.copy(self.tls.cert, certificates / "public.crt")
            shutil.copy(self.tls.key, certificates / "private.key")
        return ["server", "--address", f"127.0.0.1:{self.port}", "--certs-dir", str(certificates), str(self.buckets)]

    def environment(self) -> dict[str, str]:
        """The root account; no console, no telemetry, and a drive that also contains other things."""
        quiet = {"MINIO_BROWSER": "off", "MINIO_UPDATE": "off", "MINIO_CI_CD": "on"}
        return {"MINIO_ROOT_USER": self.access_key, "MINIO_ROOT_PASSWORD": self.secret_key, **quiet}
