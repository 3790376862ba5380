"""The error of a download, for those who handle it without loading libcurl."""

from generator.retry import AGAIN, RemoteError


class DownloadError(RemoteError):
    """Bytes did not come as asked for. `expired` means that a fresh URL may help."""

    def __init__(
        self, message: str, *, transient: bool, expired: bool = False, wait_s: float = 0, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint or AGAIN, transient=transient, wait_s=wait_s)
        self.expired = expired
