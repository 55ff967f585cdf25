"""The worker: writes down each visit that the web application left as a job in Redis.

Its standard output is the record of visits, and no visit may be missing from it. A job is moved to
a list of its own while it is done, so that one whose worker was killed is done by the next: each
at least once.
"""

from __future__ import annotations

import os
import sys
import time

from resp import Redis, RedisError

#: Longer than the blocking command waits, which is for ever.
NO_TIMEOUT = None


def do_next(redis: Redis, number: int) -> None:
    """Wait for a job, and do it."""
    job = redis.call("BLMOVE", "jobs", "begun", "RIGHT", "LEFT", 0)
    print(f"job {number}: {job}", flush=True)
    redis.call("LREM", "begun", 1, str(job))


def put_back(redis: Redis) -> None:
    """Put back the job that was begun when the last worker, or Redis's connection, died."""
    while redis.call("LMOVE", "begun", "jobs", "LEFT", "RIGHT") is not None:
        pass


def main() -> None:
    """Work until TERM, which may come at any time."""
    redis = Redis(os.environ["REDIS"], timeout_s=NO_TIMEOUT)
    number = 0
    while True:
        try:
            put_back(redis)
            while True:
                number += 1
                do_next(redis, number)
        except (OSError, RedisError) as error:
            print(f"cannot ask Redis: {error}", file=sys.stderr, flush=True)
            time.sleep(0.2)


if __name__ == "__main__":
    main()
