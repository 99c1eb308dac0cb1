"""What the clients of the power-cut test drop, known to the clients in the machine and to the judge outside it.

A drop is named by the round's seed, its client and its number, and these decide all that is in it. Each client has a program of its own, so
that every key has one writer, whose drops are in the order of their numbers. Completions, dates and exercise logs carry the number.
"""
import datetime
import json
import random

CLIENTS = 4
# This one drops with progressctl, the others as SPOOL.md shows it in Python.
COMMAND_CLIENT = 3
WEEKS, DAYS = 10, 7
RATINGS = ["easy", "perfect", "hard"]
EXERCISE = "squat"
COMPLETION, INTENSITY, SCHEDULE, EXERCISES = "completion", "intensity", "schedule", "exercise"


def program(client):
    return f"client-{client}"


def actions(seed, client, number):
    """The actions in one drop: mostly one, sometimes several."""
    chance = random.Random((seed * CLIENTS + client) * 1_000_000 + number)
    count = 1 if client == COMMAND_CLIENT else chance.choice([1, 1, 1, 1, 1, 3])
    return [action(chance, client, number, part) for part in range(count)]


def action(chance, client, number, part):
    kind = chance.choice(["complete", "complete", "complete", "uncomplete", "intensity", "schedule", "exercise"])
    fields = {
        "action": kind,
        "program_id": program(client),
        "week_number": chance.randint(1, WEEKS),
        "day_number": chance.randint(1, DAYS),
    }
    rating = RATINGS[number % len(RATINGS)]
    date = (datetime.date(2026, 1, 1) + datetime.timedelta(days=number)).isoformat()
    if kind == "complete":
        fields["completed_at"] = (datetime.datetime(2020, 1, 1) + datetime.timedelta(minutes=number, seconds=part)).isoformat() + "Z"
        if chance.random() < 0.3:
            fields |= {"intensity_rating": rating, "scheduled_date": date}
    elif kind == "intensity":
        fields["intensity_rating"] = rating
    elif kind == "schedule":
        fields["scheduled_date"] = date
    elif kind == "exercise":
        fields["exercise"] = {"exercise_id": EXERCISE, "reps": number, "sets": part + 1}
    if chance.random() < 0.3:
        fields["id"] = f"{client}-{number}-{part}"
    return fields


def command(action):
    """The words after `progressctl` that drop the action."""
    verb = {"intensity": "rate", "exercise": "log-exercise"}.get(action["action"], action["action"])
    words = [verb, action["program_id"], str(action["week_number"]), str(action["day_number"])]
    options = {"--at": "completed_at", "--id": "id"}
    if verb == "complete":
        options |= {"--rating": "intensity_rating", "--date": "scheduled_date"}
    elif verb == "log-exercise":
        log = dict(action["exercise"])
        words += [log.pop("exercise_id"), "--log", json.dumps(log)]
    elif verb != "uncomplete":
        words.append(action["intensity_rating" if verb == "rate" else "scheduled_date"])
    return words + [word for option, name in options.items() if name in action for word in (option, action[name])]


def writes(actions):
    """What actions write, in their order: value by key, and a key is (program, week, day, field)."""
    result = {}
    for fields in actions:
        session = (fields["program_id"], fields["week_number"], fields["day_number"])
        if fields["action"] in ("complete", "uncomplete"):
            result[*session, COMPLETION] = instant(fields.get("completed_at"))
        if "intensity_rating" in fields:
            result[*session, INTENSITY] = fields["intensity_rating"]
        if "scheduled_date" in fields:
            result[*session, SCHEDULE] = fields["scheduled_date"]
        if "exercise" in fields:
            result[*session, EXERCISES] = reps(fields["exercise"])
    return result


def instant(text):
    """An instant to the second, however its zone and its fraction are written; None for no completion."""
    return text and text[:19]


def reps(log):
    return log["reps"], log["sets"]
