"""The journal: each kind of line with its fields and its explanation, and the questions that a person asks it."""

import re

from machine import API, CONFIGURATION, DAEMON, HASTY, KINDS, STATE

PRIORITIES = {"debug": "7", "info": "6", "notice": "5", "warning": "4", "error": "3", "critical": "2"}
TOKENS = "/etc/progress-sync/tokens"
LONG = '{"action": "exercise", "program_id": "p2", "week_number": 1, "day_number": %d, "exercise": {"exercise_id": "squat", "notes": "' + 60_000 * "x" + '"}}'
# What the cases below bring about.
LIFE = ["started", "accepted", "attemptFailed", "retrying", "parked", "apiUnreachable", "apiAnswers", "retrySucceeded", "synced", "stopped"]
TROUBLE = ["rejected", "incidentFailed", "incidentOver", "refused", "ignored", "repeated", "superseded", "replaced", "apiFails", "apiPauses", "apiHolds", "incidentHeld"]
PEOPLE = ["boundReached", "boundLeft", "incidentBound", "userTokenUnusable", "accountHeld", "incidentAccountHeld", "accountReleased"]
COMMANDS = ["flushed", "retriedByHand", "discarded", "paused", "resumed", "levelChanged", "filesRequeued", "filesDiscarded", "cleared", "reloaded",
            "reloadRefused", "restartNeeded"]
DISK = ["storageFailed", "storageRecovered", "submissionFailed", "controlFailed", "metricsFailed", "queueRescued", "metricsOpen", "tokenChanged", "tokenKept", "tokenExposed", "failedToStart"]
ALL = LIFE + TROUBLE + PEOPLE + COMMANDS + DISK


def a_life(judge, machine):
    """An action's life, through an outage."""
    machine.add_user("alice")
    machine.add_user("bob")
    machine.configure(HASTY)
    machine.drop(1, user="alice")
    machine.await_kind("parked")
    machine.api = API(machine)
    machine.await_kind("retrySucceeded")
    machine.drop(2, user="alice")
    machine.await_kind("synced")


def troubles(judge, machine):
    """Troubles."""
    machine.api.order(status=422)
    machine.drop(3, user="alice")
    machine.await_kind("incidentFailed")
    machine.place("soon.json", '{"action": "complete", "program_id": "p1", "week_number": 1, "day_number": "soon"}', user="alice")
    machine.await_kind("refused")
    machine.place("notes.txt", "what is this?")
    machine.await_kind("ignored")
    machine.api.order()
    machine.drop(4, id="phone-1")
    machine.await_kind("synced", "PROGRESS_KEY=complete-p1-1-4")
    machine.drop(4, id="phone-1")
    machine.await_kind("repeated")
    machine.run("progressctl", "pause", "--system")
    machine.drop(5, action="intensity", intensity_rating="hard")
    machine.await_kind("accepted", "PROGRESS_KEY=intensity-p1-1-5")
    machine.drop(5, action="intensity", intensity_rating="easy", recorded_at="2020-01-01T00:00:00Z")
    machine.await_kind("superseded")
    machine.run("progressctl", "log-level", "debug", "--system")
    machine.drop(5, action="intensity", intensity_rating="perfect")
    machine.await_kind("replaced")
    machine.run("progressctl", "log-level", "info", "--system")
    machine.run("progressctl", "resume", "--system")
    machine.api.order(status=500)
    machine.drop_many("fails", 8)
    machine.await_kind("apiFails")
    machine.api.order(status=429)
    machine.run("progressctl", "flush", "--system")
    machine.await_kind("apiPauses")
    machine.api.order(status=401)
    machine.run("progressctl", "flush", "--system")
    machine.await_kind("incidentHeld")
    machine.api.order()
    machine.run("progressctl", "flush", "--system")
    machine.run("progressctl", "retry", "--all-failed", "--system")
    machine.await_kind("incidentOver")
    machine.await_empty()


def commands(judge, machine):
    """What people do."""
    machine.run("progressctl", "pause", "--for", "1h", "--system")
    machine.drop(11, user="alice")
    machine.drop(12, user="alice")
    machine.await_pending(2)
    machine.ctl("discard", "complete-p1-1-11", "--system", user="alice")
    machine.await_kind("discarded")
    machine.run("progressctl", "rejected", "requeue", "soon.json", "--system")
    machine.await_kind("filesRequeued")
    machine.await_("its second refusal", lambda: len(machine.await_kind("refused")) == 2)
    machine.run("progressctl", "rejected", "discard", "--all", "--yes", "--system")
    machine.run("progressctl", "clear", "--all", "--yes", "--system")
    machine.await_kind("cleared")
    machine.run("progressctl", "resume", "--system")
    machine.run("progressctl", "flush", "--system")
    machine.write(CONFIGURATION, HASTY + "state: {directory: /srv/elsewhere}\n")
    machine.run("systemctl", "reload", DAEMON)
    machine.await_kind("restartNeeded")
    machine.write(CONFIGURATION, HASTY + "log: {level: loud}\n")
    machine.run("systemctl", "reload", DAEMON, check=False)
    machine.run("systemctl", "kill", "--signal=HUP", DAEMON)
    machine.await_kind("reloadRefused")


def people(judge, machine):
    """What one person has too much of, and what becomes of a token of her own."""
    machine.configure(HASTY + "limits: {files_per_user: 2}\n")
    for number in range(4):
        machine.place(f"rubbish-{number}.json", "rubbish", user="bob")
    machine.await_kind("boundReached")
    machine.await_kind("incidentBound")
    machine.write(CONFIGURATION, HASTY)
    machine.run("systemctl", "reload", DAEMON)
    machine.await_kind("boundLeft")
    machine.run("progressctl", "rejected", "discard", "--all", "--yes", "--system")
    machine.write(f"{TOKENS}/bob", "secret-of-bob", "600")
    machine.write(f"{TOKENS}/nobody-here", "secret", "600")
    machine.run("systemctl", "restart", DAEMON)
    machine.await_kind("userTokenUnusable")
    machine.api.order(refused=["secret-of-bob"])
    machine.drop(21, user="bob")
    machine.await_kind("accountHeld")
    machine.await_kind("incidentAccountHeld")
    machine.api.order()
    machine.run("progressctl", "flush", "--system")
    machine.await_kind("accountReleased")
    machine.await_empty()


def a_broken_machine(judge, machine):
    """What is broken about the machine."""
    machine.run("systemctl", "stop", DAEMON)
    # With the queue in it, as it numbers the entries.
    machine.sh(f"cp -a {STATE} /root/state; mount -t tmpfs -o size=20m none {STATE}; cp -aT /root/state {STATE}")
    machine.run("systemctl", "start", DAEMON)
    machine.sh(f"dd if=/dev/zero of={STATE}/filler bs=1M 2>/dev/null || true")
    # More than what the daemon keeps in reserve.
    for number in range(80):
        machine.place(f"long-{number}.json", LONG % (number + 1))
    machine.await_kind("storageFailed")
    machine.run("rm", f"{STATE}/filler")
    machine.await_kind("storageRecovered")
    machine.await_empty()
    machine.run("systemctl", "stop", DAEMON)
    machine.run("umount", STATE)
    sockets = ["progress-syncd.socket", "progress-syncd-submit.socket"]
    machine.run("systemctl", "stop", *sockets, DAEMON, check=False)
    machine.run("systemctl", "mask", *sockets)
    machine.configure(HASTY + "control: {socket: /nowhere/control.sock}\nspool: {socket: /nowhere/submit.sock}\nmetrics: {listen: '127.0.0.1:8000'}\n")
    for kind in ("controlFailed", "submissionFailed", "metricsFailed"):
        machine.await_kind(kind)
    machine.run("systemctl", "unmask", *sockets)
    machine.run("systemctl", "stop", DAEMON)
    machine.configure(HASTY)


def files(judge, machine):
    """What an administrator's files do."""
    machine.write("/etc/progress-sync/token", "one", "644")
    machine.configure(HASTY + "api: {token_file: /etc/progress-sync/token, allow_cleartext_token: true, base_url: 'http://10.0.0.1:8000'}\n"
                      "metrics: {listen: '127.0.0.1:9464'}\n")
    machine.await_kind("metricsOpen")
    machine.await_kind("tokenExposed")
    machine.write("/etc/progress-sync/token", "two", "644")
    machine.await_kind("tokenChanged")
    machine.write("/etc/progress-sync/token", "two words", "644")
    machine.await_kind("tokenKept")
    machine.run("systemctl", "stop", DAEMON)
    machine.await_kind("stopped")
    machine.sh("dd if=/dev/urandom of=/var/lib/progress-sync/queue.sqlite bs=4096 count=4 conv=notrunc 2>/dev/null; rm -f /var/lib/progress-sync/queue.sqlite-*")
    machine.configure(HASTY)
    machine.await_kind("queueRescued")
    machine.write(CONFIGURATION, "nonsense: 1\n")
    machine.run("systemctl", "restart", DAEMON, check=False)
    machine.await_("the reason", lambda: machine.entries("-t", DAEMON, f"MESSAGE_ID={KINDS['failedToStart'][0]}"))
    machine.configure(HASTY)


def its_fields(judge, machine):
    """Every line has the fields that docs/JOURNAL.md promises."""
    # By identifier: systemd may not know any more whose line it was that a process wrote as its last.
    entries = machine.entries("-t", DAEMON)
    names = {number: name for name, (number, *_) in KINDS.items()}
    judge.expect(all(entry["MESSAGE_ID"] in names for entry in entries), "every line is of a known kind")
    for kind in ALL:
        number, level, fields, _ = KINDS[kind]
        found = [entry for entry in entries if entry["MESSAGE_ID"] == number]
        lacking = [field for entry in found for field in fields if not entry.get(field)]
        wrong = [entry["PRIORITY"] for entry in found if entry["PRIORITY"] != PRIORITIES[level]]
        judge.expect(found and not lacking and not wrong, f"{kind}: {len(found)} at {level}, with {' '.join(fields) or 'no fields'}", lacking or wrong or found[:3])
    judge.note(f"Not brought about: {', '.join(sorted(set(KINDS) - set(ALL)))}")


def its_explanations(judge, machine):
    """journalctl -x explains each."""
    for kind in ALL:
        number, _, _, subject = KINDS[kind]
        text = machine.run("journalctl", "-q", "-x", "-t", DAEMON, f"MESSAGE_ID={number}").stdout
        explained = [line for line in text.splitlines() if line.startswith("░░")]
        right = f"Subject: {subject}" in text and "man:progress-syncd(8)" in text and not any("@" in line for line in explained)
        judge.expect(right, f"{kind}: {subject}", text)


def questions(judge, machine):
    """The questions of docs/JOURNAL.md."""
    uid = machine.out("id", "-u", "alice")
    names = {number: name for name, (number, *_) in KINDS.items()}
    life = [names[entry["MESSAGE_ID"]] for entry in machine.entries("PROGRESS_KEY=complete-p1-1-1")]
    judge.expect(life[:1] == ["accepted"] and {"retrying", "parked", "retrySucceeded"} <= set(life), "PROGRESS_KEY= finds the life of a value", life)
    entry = machine.entries("PROGRESS_KEY=complete-p1-1-2")[0]
    judge.expect({line["PROGRESS_KEY"] for line in machine.entries(f"PROGRESS_ENTRY={entry['PROGRESS_ENTRY']}")} == {"complete-p1-1-2"},
                 "PROGRESS_ENTRY= finds that of an entry")
    keys = {line["PROGRESS_KEY"] for line in machine.entries(f"PROGRESS_SENDER_UID={uid}") if "PROGRESS_KEY" in line}
    judge.expect(keys == {f"complete-p1-1-{day}" for day in (1, 2, 3, 11, 12)}, "PROGRESS_SENDER_UID= finds what one user has dropped, and nobody else's", keys)
    deeds = {line["PROGRESS_KEY"] for line in machine.await_kind("discarded", f"PROGRESS_CALLER_UID={uid}")}
    judge.expect(deeds == {"complete-p1-1-11"}, "and PROGRESS_CALLER_UID= what one has done", deeds)
    judge.expect(len(machine.entries("PROGRESS_FILE=soon.json")) >= 2, "PROGRESS_FILE= finds what became of a file")
    judge.expect(all(int(line["PRIORITY"]) <= 4 for line in machine.entries("PROGRESS_PROGRAM=p1", "-p", "warning")), "-p warning leaves out what went well")
    unit, name = machine.entries("-u", DAEMON), machine.entries("-t", DAEMON)
    judge.expect(len(unit) > 50 and len(name) - len(unit) <= 3, "-u and -t find the same", f"{len(unit)} and {len(name)}")
    judge.expect(re.search(r"Started progress-syncd.service", machine.journal("-u", DAEMON)), "and -u what systemd says of it, too")
    lost = [line for line in name if not (re.fullmatch(r"[\w/+-]+\.swift", line.get("CODE_FILE", "")) and line.get("CODE_LINE") and line.get("CODE_FUNC"))]
    judge.expect(not lost, "every line tells where in the sources it is from", lost)


CASES = [a_life, troubles, commands, people, a_broken_machine, files, its_fields, its_explanations, questions]
