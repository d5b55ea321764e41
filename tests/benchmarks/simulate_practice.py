"""Seconds and memory that making the practice data takes, worker processes included.

    python tests/benchmarks/simulate_practice.py

Memory is the largest sum over all processes, shared pages counted once (PSS), looked up twice a
second. Writes ``data/results/simulate_practice.json``.
"""

import contextlib
import os
import threading
import time

import psutil

from course_utils import simulator
from course_utils.core import results


def memory() -> float:
    """Gigabytes in use by this process and its children."""
    total = 0
    this = psutil.Process()
    for process in (this, *this.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            used = process.memory_full_info()
            total += getattr(used, "pss", used.uss)
    return total / 1e9


def main() -> None:
    begin, peak, done = time.perf_counter(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.5):
            peak[0] = max(peak[0], memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, _, table = simulator.make()
    seconds = time.perf_counter() - begin
    done.set()
    watcher.join()
    figures = {"seconds": seconds, "peak_gb": peak[0], "slices": len(table)}
    print(figures)
    results.save("simulate_practice", figures, cores=os.cpu_count(), version=simulator.VERSION)


if __name__ == "__main__":
    main()
