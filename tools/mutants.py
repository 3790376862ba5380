"""Count what `mutmut results --all true` lists: how many mutants of each package no test notices."""

import sys
from collections import Counter

NOTICED = frozenset(("killed", "segfault", "suspicious", "timeout"))


def main() -> None:
    """Read the list, and print a line for each package.

    Among those that no test notices are some that change no behaviour, and what runs only while a module is imported,
    which mutmut does not mutate in time.
    """
    counts: dict[str, Counter[str]] = {}
    for line in sys.stdin:
        name, _, status = line.strip().rpartition(": ")
        counts.setdefault(name.split(".")[1], Counter())[status] += 1
    for package, by_status in sorted(counts.items()):
        noticed = sum(by_status[status] for status in NOTICED)
        checked = by_status.total() - by_status["not checked"]
        share = 1 - noticed / checked if checked else 0
        rest = ", ".join(f"{count} {status}" for status, count in sorted(by_status.items()) if status not in NOTICED)
        print(f"{package:9} {by_status.total():5} mutants, {share:5.1%} unnoticed: {rest or 'none'}")


if __name__ == "__main__":
    main()
