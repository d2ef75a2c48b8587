"""Runs a command and writes what it took, as JSON, into a file: `launch.py COST_FILE COMMAND…`.

A process of its own because the kernel's peak memory of a child begins with that of the parent it was forked
from: this one stays small.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

cost_file, *command = sys.argv[1:]
begun = time.perf_counter()
process = subprocess.Popen(command)
_, status, usage = os.wait4(process.pid, 0)
cost = {
    "cpu_s": usage.ru_utime + usage.ru_stime,
    "wall_s": time.perf_counter() - begun,
    "peak_mb": usage.ru_maxrss / 1024,
}
Path(cost_file).write_text(json.dumps(cost))
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
