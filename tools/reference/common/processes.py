"""What benchmarks measure of a process."""

import time


def status_bytes(field):
    """Resident memory by /proc: VmRSS now, VmHWM at the highest point; None where it cannot be known."""
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(field + ":"))
    except OSError:
        return None


def timed(run):
    """Milliseconds, and what `run` gave."""
    start = time.perf_counter()
    result = run()
    return (time.perf_counter() - start) * 1000, result
