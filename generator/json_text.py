"""JSON from outside."""

import json
from typing import Any


def parse(text: str | bytes) -> Any:
    """The value. Raises ValueError when it is not JSON, or more than Python can read."""
    try:
        return json.loads(text)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except ValueError:
        raise ValueError("it has a number with too many digits") from None
