"""Random queries against their read windows, for as long as you like: `python -m benchmarks.fuzz`.

Prints the seed and the counts; exits with 1 and the shortest wrong queries if any was found.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.property.key_harness import run_keys
from tests.property.query_generators import GENERATORS
from tests.property.window_harness import run

KEYS = "keys"


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=20_000)
    parser.add_argument("--databases", type=int, default=6)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--generator", choices=(*sorted(GENERATORS), KEYS), default="queries")
    parser.add_argument("--focus", help="a kind of query, or a dialect, that the generator knows")
    given = parser.parse_args()
    started = time.process_time()
    numbers = range(given.first, given.first + given.queries)
    if given.generator == KEYS:
        counts = run_keys(given.seed, numbers, databases=given.databases)
    else:
        counts = run(
            given.seed,
            numbers,
            databases=given.databases,
            focus=given.focus,
            make=GENERATORS[given.generator],
        )
    print(
        f"{given.generator}, seed {given.seed}: {counts.queries} queries x {given.databases} databases, "
        f"{counts.checks} checks, {counts.rows} rows compared, {len(counts.mismatches)} mismatches; "
        f"{counts.injected} queries with injected ranges, {counts.by_chance} left to chance, "
        f"{counts.author_held} with author's bounds that hold, {counts.author_pinned} that do not, "
        f"{counts.invalid} refused by DuckDB, {counts.engine_faults} wrong without its optimizer alone; {time.process_time() - started:.0f} CPU s"
    )
    for mismatch in sorted(counts.mismatches, key=lambda m: len(m.query.sql))[:5]:
        print(f"\n{mismatch}")
    return 1 if counts.mismatches else 0


if __name__ == "__main__":
    sys.exit(main())
