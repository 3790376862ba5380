"""Fakes for the services at the other end of a copy: a Hub, and S3 servers."""

from typing import Final

LONG_S: Final = 300
"""How long to wait for what always comes, however slow the machine is; only a hang takes longer."""
