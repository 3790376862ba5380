"""Run a command and say what it cost: `python measured.py COMMAND…` prints a line of JSON when all of it has ended.

A process of its own, and a small one, because a child's peak memory is never below that of whoever started it.
"""

import json
import os
import resource
import signal
import sys
import time


def main() -> int:
    """Exit as the command did."""
    argv = sys.argv[1:]
    began = time.perf_counter()
    child = os.posix_spawnp(argv[0], argv, os.environ, setsigdef=[signal.SIGPIPE])
    _, status = os.waitpid(child, 0)
    wall_s = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    cost = {"wall_s": wall_s, "cpu_s": used.ru_utime + used.ru_stime, "rss_bytes": peak, "disk_bytes": disk_bytes()}
    print(json.dumps(cost), flush=True)
    return os.waitstatus_to_exitcode(status)


def disk_bytes() -> int | None:
    """What all children that have ended, and theirs, gave to a disk to write; None where the kernel does not count."""
    try:
        with open("/proc/self/io", encoding="ascii") as counters:  # noqa: PTH123 - pathlib would be another import
            return next(int(line.split()[1]) for line in counters if line.startswith("write_bytes:"))
    except OSError:
        return None


if __name__ == "__main__":
    sys.exit(main())
