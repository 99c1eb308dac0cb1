"""The clients of the chaos: each drops one action after the other for as long as it lasts, and knows what it has dropped.

Every client has a program of its own (drops.py), so that each key has one writer, whose drops are in the order of their numbers.
"""
import collections
import errno
import json
import os
import random
import subprocess
import threading
import time

import drops

IN_PLACE_CLIENT = 2
RUBBISH = [
    b"",
    b"{",
    b"not json at all",
    b"[]",
    b"\xff\xfe\x00",
    b'{"action": "dance"}',
    b'{"action": "complete", "program_id": "client-0", "week_number": 0, "day_number": 1}',
    b'{"action": "complete", "program_id": "client-0", "week_number": 1, "day_number": 1, "weak_number": 1}',
    b'{"action": "intensity", "program_id": "client-1", "week_number": 1, "day_number": 1, "intensity_rating": "brutal"}',
    b'[{"action": "uncomplete", "program_id": "client-1", "week_number": 1, "day_number": 1}, {"action": "complete"}]',
    b" " * 70_000,
]


class Client(threading.Thread):
    """Drops until `stops` is set. Whoever holds its `gate` keeps it from touching the spool."""

    def __init__(self, name, stops):
        super().__init__(name=name, daemon=True)
        self.stops, self.gate = stops, threading.Lock()
        self.files = self.actions = 0
        # By key all values that were dropped, in their order; the last drop that failed is repeated until it does not.
        self.values = collections.defaultdict(list)
        self.failure = None

    def run(self):
        try:
            self.work()
        except Exception as error:
            self.failure = f"{self.name}: {error!r}"
            raise

    def insist(self, drop):
        """Drops again and again until it is done: the disk may be full."""
        while True:
            with self.gate:
                try:
                    drop()
                    self.files += 1
                    return
                except (OSError, subprocess.CalledProcessError):
                    pass
            time.sleep(0.2)

    def remember(self, actions):
        self.actions += len(actions)
        for action in actions:
            for key, value in drops.writes([action]).items():
                self.values[key].append(value)


class Dropper(Client):
    """Drops as SPOOL.md shows it in Python, with progressctl, or in place without a rename."""

    def __init__(self, seed, client, world, stops):
        super().__init__(drops.program(client), stops)
        self.seed, self.client, self.world = seed, client, world
        self.chance = random.Random(seed * 10 + client)

    def work(self):
        number = 1
        while not self.stops.is_set():
            count = self.chance.choice([1, 5, 60]) if self.client == IN_PLACE_CLIENT else 1
            actions = [action for each in range(number, number + count) for action in drops.actions(self.seed, self.client, each)]
            number += count
            self.remember(actions)
            if self.client == IN_PLACE_CLIENT:
                name = f"in-place-{number:08}.json"
                self.insist(lambda: write_in_place(self.world.incoming, name, json.dumps(actions).encode(), self.chance))
                self.await_claim(name)
            elif self.client == drops.COMMAND_CLIENT:
                command = self.world.progressctl(drops.command(actions[0]))
                self.insist(lambda: subprocess.run(command, check=True, capture_output=True))
            else:
                self.insist(lambda: self.world.documented_drop(actions if len(actions) > 1 else actions[0]))
            # Spells of rapid edits, and breaths.
            time.sleep(self.chance.choice([0, 0, 0.02, 0.1, 0.3]))

    def await_claim(self, name):
        """A file that is written in place may be read later than those after it, so there is none until it is read (DURABILITY.md)."""
        while not self.stops.is_set():
            with self.gate:
                entries = [entry for folder in ("incoming", "claimed") for entry in os.listdir(f"{self.world.spool}/{folder}")]
            if not any(entry.endswith(name) for entry in entries):
                return
            time.sleep(0.05)


class Scribbler(Client):
    """Drops what nobody can accept."""

    def __init__(self, seed, world, stops):
        super().__init__("rubbish", stops)
        self.chance, self.world = random.Random(seed), world
        self.names = []

    def work(self):
        while not self.stops.is_set():
            name, content = f"rubbish-{len(self.names):06}.json", self.chance.choice(RUBBISH)
            self.names.append(name)
            if self.chance.random() < 0.3:
                self.insist(lambda: write_in_place(self.world.incoming, name, content, self.chance))
            else:
                self.insist(lambda: write_and_rename(self.world.incoming, name, content))
            time.sleep(self.chance.uniform(0, 2))


def write_and_rename(directory, name, content):
    hidden = f"{directory}/.{name}.tmp"
    with open(hidden, "wb") as file:
        file.write(content)
    os.rename(hidden, f"{directory}/{name}")


def write_in_place(directory, name, content, chance):
    with open(f"{directory}/{name}", "xb", buffering=0) as file:
        while content:
            piece = content[: chance.randrange(1, len(content) + 1)]
            try:
                content = content[file.write(piece) :]
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                time.sleep(0.1)
            time.sleep(chance.choice([0, 0, 0.02]))
