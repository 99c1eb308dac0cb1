#!/usr/bin/env python3
"""Drops completions of a program as docs/SPOOL.md has it, one session each, and prints how many are durable.

  drops.py PROGRAM COUNT [PAUSE] [SPOOL]
"""

import json
import os
import sys
import time

program, count = sys.argv[1], int(sys.argv[2])
pause = float(sys.argv[3]) if len(sys.argv) > 3 else 0
incoming = (sys.argv[4] if len(sys.argv) > 4 else "/var/spool/progress-sync") + "/incoming"
for number in range(count):
    name = f"{time.time_ns():020}-{program}-{number}"
    hidden = f"{incoming}/.{name}.tmp"
    descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    action = {"action": "complete", "program_id": program, "week_number": number // 1000 + 1, "day_number": number % 1000 + 1}
    os.write(descriptor, json.dumps(action).encode())
    os.fsync(descriptor)
    os.rename(hidden, f"{incoming}/{name}.json")
    os.fsync(descriptor)
    os.close(descriptor)
    time.sleep(pause)
print(count)
