"""What the attacks have in common: the people, what they dropped honestly, and the judge of it all."""

import contextlib
import json
import os
import re
import subprocess
import time

from person import INCOMING, SUBMITTERS, Person, place

SPOOL = os.path.dirname(INCOMING)
QUEUE = b"/var/lib/progress-sync/queue.sqlite"
UNIT = "progress-syncd.service"


class Scene:
    """The people, what they dropped honestly, and the judge."""

    def __init__(self, flood):
        self.alice, self.bob, self.eve = Person("alice", [SUBMITTERS]), Person("bob", [SUBMITTERS]), Person("eve")
        self.flood, self.failures, self.honest = flood, 0, []
        self.protected = {name: int(open(f"/proc/sys/fs/protected_{name}", encoding="ascii").read())
                          for name in ("hardlinks", "symlinks", "fifos", "regular")}
        self.began = self.property("MainPID", "NRestarts", "ActiveState")
        self.since = time.time()
        # How long one file takes here while nobody disturbs, which is what all patience is measured by.
        self.calm = min(self.seconds_for_one_of(self.alice) for _ in range(3))
        print(f"One file is accepted in {self.calm:.2f} s; fs.protected_*: {self.protected}")

    def expect(self, holds, what, seen=""):
        print(f"  {'ok  ' if holds else 'FAIL'} {what}" + ("" if holds else f": {seen}"), flush=True)
        self.failures += not holds

    def refused(self, person, codes, what, deed):
        seen = person.tries(deed)
        self.expect(seen in codes.split(), f"{person.name} cannot {what} ({seen})" if seen.isupper() else f"{person.name} cannot {what}", seen)

    @staticmethod
    def property(*names):
        command = ["systemctl", "show", UNIT, *(f"--property={name}" for name in names)]
        return dict(line.split("=", 1) for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines())

    def honestly(self, person, **how):
        """An honest drop, which has to be accepted by the end of all this; returns its action's id."""
        action = person.drops_one(**how)
        self.honest.append((person, action))
        return action

    def seconds_for_one_of(self, person, limit=60):
        began = time.monotonic()
        action = self.honestly(person)
        state = person.state(action, limit)
        return time.monotonic() - began if state != "unknown" else limit

    def others_go_on(self, during):
        """Nothing that anybody does may make another one wait."""
        limit = 3 + 10 * self.calm
        taken = self.seconds_for_one_of(self.alice)
        self.expect(taken < limit, f"alice's file is accepted {during} ({taken:.1f} s)", f"not within {limit:.1f} s")

    def await_(self, condition, patience=30):
        deadline = time.monotonic() + patience + 20 * self.calm
        while not (value := condition()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return value

    def rejection(self, person, name):
        """The reason for which the person's file was refused, as soon as it is known."""
        return self.await_(lambda: person.rejected().get(name), 15) or f"{name} is not among {list(person.rejected())[-3:]}"

    def expect_rejected(self, person, name, reason, what):
        seen = self.rejection(person, name)
        self.expect(reason in seen, f"{what} is rejected: {seen}", seen)


def journal(scene):
    """The daemon's lines since the beginning."""
    command = ["journalctl", "--quiet", "--output=json", f"--since=@{int(scene.since)}", f"--unit={UNIT}"]
    lines = subprocess.run(command, capture_output=True, check=True).stdout.splitlines()
    return [entry for entry in map(json.loads, lines) if "MESSAGE" in entry]


def in_incoming():
    return [name for name in os.listdir(INCOMING) if not name.startswith(b".")]


def waiting():
    return [name for name in in_incoming() if name.startswith(b"flood-")]


def sweep(scene):
    """Removes what is left under hidden names; each their own."""
    for name in os.listdir(INCOMING):
        if name.startswith(b"."):
            with contextlib.suppress(OSError):
                os.unlink(place(name))


def has_controls(text):
    return bool(re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", text))
