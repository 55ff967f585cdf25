"""Write a line now and then, as a worker with a queue would."""

import itertools
import time

for number in itertools.count(1):
    print(f"job {number} done", flush=True)
    time.sleep(0.1)
