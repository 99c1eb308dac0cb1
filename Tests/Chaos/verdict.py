"""Judges a run of chaos by what its clients dropped, what its proxy recorded, and what is left in the spool, the queue and the API."""
import bisect
import collections
import contextlib
import os
import sqlite3

import drops
from judge import NOTHING, stored_values

# Within this time after its wish for silence, requests may come that were on their way already. Machines are slow.
GRACE = 1.0


def final_values(values, api):
    """The API must have the last value of each key."""
    with contextlib.closing(sqlite3.connect(f"file:{api}?mode=ro", uri=True)) as database:
        stored = stored_values(database)
    for key, dropped in values.items():
        value = stored.get(key, NOTHING.get(key[3]))
        if value != dropped[-1]:
            yield f"{name(key)} is {value} in the API, and {dropped[-1]} was dropped last"
    for key in stored.keys() - values.keys():
        if stored[key] is not None:
            yield f"{name(key)} was never dropped"


def rejected_files(spool, rubbish):
    """Exactly the rubbish is rejected, each with its reason."""
    folder = f"{spool}/rejected"
    files = collections.Counter()
    for entry in os.listdir(folder):
        if entry.endswith(".reason"):
            continue
        original = next((known for known in (entry, entry.partition("-")[2]) if known in rubbish), None)
        if original is None:
            reason = f"{folder}/{entry}.reason"
            why = open(reason).read().strip() if os.path.exists(reason) else "no reason given"
            yield f"{entry} was rejected: {why}"
        elif not os.path.exists(f"{folder}/{entry}.reason"):
            yield f"{entry} was rejected without a reason"
        files[original] += 1
    for known in rubbish:
        if files[known] != 1:
            yield f"{known} was rejected {files[known]} times"


def order(values, applied):
    """No key goes backwards: what the API took is, for each key, in the order of the drops."""
    reached = collections.Counter()
    for request in applied:
        for key, value in request_writes(request).items():
            dropped = values.get(key, [])
            place = next((place for place in range(reached[key], len(dropped)) if dropped[place] == value), None)
            if place is None:
                yield f"{name(key)} went backwards or aside, to {value}"
            else:
                reached[key] = place


def request_writes(request):
    kinds = {"bulk-sync": "complete", "exercises": "exercise"}
    kind = kinds.get(request.endpoint, request.endpoint)
    items = ({k: v for k, v in item.items() if kind in ("complete", "intensity") or k != "intensity_rating"} for item in request.items)
    return drops.writes([{**item, "action": kind, "program_id": request.program} for item in items])


def idempotency_keys(requests):
    """A key stands for one request, and has one."""
    bodies = {}
    for request in requests:
        key = request.headers.get("idempotency-key")
        if key is None:
            yield f"{request.path} came without an Idempotency-Key"
        elif bodies.setdefault(key, (request.path, request.body)) != (request.path, request.body):
            yield f"the Idempotency-Key {key} stands for two requests"


def bulks(requests):
    """A bulk has no session twice, and nothing but completions."""
    for request in requests:
        if request.endpoint == "bulk-sync":
            if len(set(request.sessions)) != len(request.items):
                yield "a session stands twice in one bulk"
            if any("completed_at" not in item or "exercise" in item for item in request.items):
                yield "a bulk has more than completions"


def pauses(pauses, requests, diary):
    """Nobody calls within a pause, unless a person has asked for it, or the daemon did not live to hear of it or to write it down."""
    arrivals = [request.arrived for request in requests]
    for asked, until in pauses:
        if any(begin - 0.5 <= asked <= end + 0.5 for begin, end in diary.spans["daemon stopped"]):
            continue
        for arrived in arrivals[bisect.bisect(arrivals, asked + GRACE) : bisect.bisect(arrivals, until - 0.05)]:
            was_flushed = any(asked - 2 <= flushed <= arrived for flushed in diary.times["flush"])
            was_woken = any(asked <= end <= arrived <= end + GRACE for _, end in diary.spans["daemon stopped"])
            kills = [killed for killed in diary.times["daemon killed"] if asked <= killed <= arrived]
            is_forgotten = any(
                killed - asked < 1.5 or any(begin < killed and asked < end + 6 for begin, end in diary.spans["disk full"]) for killed in kills
            )
            if not (was_flushed or was_woken or is_forgotten):
                yield f"a request {arrived - asked:.1f} s after the API had asked for silence for {until - asked:.1f} s"


def most_in(times, seconds):
    """The most of the instants that lie within any so many seconds."""
    times = sorted(times)
    return max((bisect.bisect(times, begin + seconds) - index for index, begin in enumerate(times)), default=0)


def name(key):
    return "-".join(map(str, key))
