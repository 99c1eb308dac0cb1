"""Much at once from bob, and one file of alice's behind it."""

import json
import os
import time

from person import place, write
from scene import SPOOL, waiting


def flood_of_good_files(scene):
    """Tens of thousands of good files at once, of which each makes an entry of its own."""
    bob, count = scene.bob, scene.flood
    ids = [bob.next_id() for _ in range(count)]

    def make(number):
        week, day = number // 900 + 1, number % 900 + 1
        fields = {"action": "complete", "program_id": "flood", "week_number": week, "day_number": day, "id": ids[number]}
        write(place(b".flood-%d" % number), json.dumps(fields).encode())

    flood(scene, count, make, "good files")
    last = scene.await_(lambda: bob.state(ids[-1]) != "unknown" or not waiting(), 600)
    states = {bob.state(ids[number]) for number in range(0, count, max(1, count // 50))}
    scene.expect(last and "unknown" not in states, f"all {count} of bob's are accepted in the end", (states, len(waiting())))


def flood_of_full_files(scene):
    """Files as full as they may be, all about the same few entries: much work, and no queue that grows."""
    day = [{"action": "uncomplete", "program_id": "f", "week_number": 1, "day_number": 1 + number % 900} for number in range(800)]
    text = json.dumps(day, separators=(",", ":")).encode()[: 64 * 1024]
    flood(scene, max(20, scene.flood // 50), lambda number: write(place(b".flood-%d" % number), text), "files of 800 actions")
    scene.expect(scene.await_(lambda: not waiting(), 600), "all of bob's are taken in the end", len(waiting()))


def flood_of_rubbish(scene):
    """Files that are refused, each for a reason that is written down: the bound is on what is kept of them."""
    bob, count = scene.bob, scene.flood
    flood(scene, count, lambda number: write(place(b".flood-%d" % number), b"rubbish"), "rubbish")
    rejected = lambda: sum(name.startswith(b"flood-") and not name.endswith(b".reason") for name in os.listdir(SPOOL + b"/rejected"))
    # What is beyond his bound stays where it is.
    settled = scene.await_(lambda: rejected() >= min(count, 10_000), 300)
    scene.expect(settled and rejected() + len(waiting()) >= count, f"none of it is lost: {rejected()} files are refused, {len(waiting())} wait", rejected())
    scene.others_go_on("with all of it there")
    began = time.monotonic()
    while waiting() or rejected():
        status, text = bob.asks("/v1/rejected/discard", {"all": True}, timeout=300)
        if status != 200 or time.monotonic() > began + 300 + 100 * scene.calm:
            break
        time.sleep(0.2)
    scene.expect(not waiting() and not rejected(), f"bob throws all of it away ({time.monotonic() - began:.1f} s)", text)


def flood(scene, count, make, what):
    """bob makes all his files out of sight, and then drops them all at once; alice's one comes last."""
    bob = scene.bob
    bob.does(lambda: [make(number) for number in range(count)] and None)
    bob.does(lambda: [os.rename(place(b".flood-%d" % number), place(b"flood-%d.json" % number)) for number in range(count)] and None)
    before = len(waiting())
    taken = scene.seconds_for_one_of(scene.alice, 120)
    after, limit = len(waiting()), 10 + 20 * scene.calm
    scene.expect(taken < limit, f"alice's file is accepted in {taken:.1f} s behind {before} of bob's {count} {what}, of which {after} still wait",
                 f"not within {limit:.1f} s")


ATTACKS = [flood_of_good_files, flood_of_full_files, flood_of_rubbish]
