"""How exactly four Ray actors keep one limit of requests a minute together: every minute that the server saw, against the limit.

Run: python -m tests.bench.bench_limits --rpm 1200 --minutes 2.5 --actors 4
"""

import argparse
import json
import subprocess
import sys
import tempfile
from bisect import bisect_left
from pathlib import Path

from tests.fixtures.fake_teacher import FakeTeacher

MINUTE_S = 60.0


def minutes(times_s: list[float]) -> list[int]:
    """Requests in the minute from each request on, as far as such minutes were seen whole."""
    times_s = sorted(times_s)
    ends = [place for place, time_s in enumerate(times_s) if time_s + MINUTE_S <= times_s[-1]]
    return [bisect_left(times_s, times_s[place] + MINUTE_S) - place for place in ends]


def main() -> None:
    """Prints the fullest and the emptiest minute."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rpm", type=int, default=1200)
    parser.add_argument("--minutes", type=float, default=2.5)
    parser.add_argument("--actors", type=int, default=4)
    given = parser.parse_args()
    each = int(given.rpm * given.minutes / given.actors)
    with FakeTeacher() as server, tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.fixtures.limited_nodes", str(Path(folder) / "store"), "--url", server.url]
        command += ["--rpm", str(given.rpm), "--actors", str(given.actors), "--requests", str(each)]
        said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])
        assert not said["errors"], said
        assert server.asked == len(server.requests) == each * given.actors
        found = minutes(server.times_s)
    most, least = max(found) / given.rpm - 1, min(found) / given.rpm - 1
    print(f"{given.actors} actors, {given.rpm} requests a minute, {server.asked} requests: {len(found)} minutes looked at,")
    print(f"  the fullest {max(found)} ({most:+.2%}), the emptiest {min(found)} ({least:+.2%})")


if __name__ == "__main__":
    main()
