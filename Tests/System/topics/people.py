"""Several people on one machine: members of progress-sync-submit, a stranger, and root; what each may see and do, and what none can do to another."""

import re
import threading
import time

from machine import API, DAEMON, HASTY, KINDS, SPOOL, expect_all

BOUNDED = "limits: {keys_per_user: 100, files_per_user: 20}\n"
WITHOUT_LISTS = f"setfacl -b {SPOOL}/incoming && setfacl -k {SPOOL}/incoming && chmod 3730 {SPOOL}/incoming"


def members(judge, machine):
    """A member of the group."""
    for user in ("alice", "bob"):
        machine.add_user(user)
    machine.add_user("eve", groups=None)
    machine.configure(HASTY)
    machine.uid = {user: machine.out("id", "-u", user) for user in ("alice", "bob")}
    done = machine.ctl("complete", "hers", "1", "1", "--wait", user="alice")
    judge.expect(done.returncode == 0, "records with progressctl, and waits until it is safe", done.stdout + done.stderr)
    machine.ctl("complete", "his", "1", "1", "--wait", user="bob")
    done = machine.ctl("status", user="alice")
    judge.expect(done.returncode == 0 and "the system's service" in done.stdout and re.search(r"^pending +2:", done.stdout, re.MULTILINE),
                 "sees how the service stands, and whose it is", done.stdout + done.stderr)
    keys = {user: [entry["key"] for entry in machine.queue(user)] for user in ("alice", "bob", None)}
    judge.expect(keys["alice"] == ["complete-hers-1-1"] and keys["bob"] == ["complete-his-1-1"], "sees what is his own in the queue, and no more", keys)
    judge.expect(len(keys[None]) == 2, "root sees all", keys)
    done = machine.ctl("discard", "complete-his-1-1", user="alice")
    judge.expect(done.returncode != 0 and len(machine.queue()) == 2, "cannot discard another's, nor learn that there is one", done.stdout + done.stderr)
    for verb in (["pause"], ["log-level", "debug"], ["reload"]):
        done = machine.ctl(*verb, user="alice")
        judge.expect(done.returncode == 77 and "sudo" in done.stderr, f"cannot {verb[0]}, and is told who can", done.stdout + done.stderr)
    machine.place("hers.json", '{"action": "nothing"}', user="alice")
    machine.await_kind("refused")
    judge.expect("hers.json" in machine.out("progressctl", "rejected", user="alice") and "hers.json" not in machine.out("progressctl", "rejected", user="bob"),
                 "sees his refused files, and not another's", lambda: machine.out("progressctl", "rejected", user="bob"))
    senders = {entry["PROGRESS_SENDER_UID"] for entry in machine.await_kind("accepted", "PROGRESS_PROGRAM=hers")}
    judge.expect(senders == {machine.uid["alice"]}, "stands in the journal as who he is", senders)
    machine.api = API(machine)
    machine.await_empty()


def a_stranger(judge, machine):
    """Who is not a member."""
    for command in (["complete", "p1", "1", "1"], ["status"], ["flush"], ["queue"]):
        done = machine.ctl(*command, user="eve")
        judge.expect(done.returncode in (69, 77) and re.search(r"usermod -aG progress-sync-submit", done.stderr + done.stdout),
                     f"is refused by progressctl {command[0]}, and told the next step", f"{done.returncode}: {done.stdout}{done.stderr}")
    done = machine.run("sh", "-c", f"echo {{}} >{SPOOL}/incoming/x.json", user="eve", check=False)
    judge.expect(done.returncode != 0, "cannot put anything into the spool", done.stderr)
    done = machine.ctl("doctor", user="eve")
    judge.expect(done.returncode == 1 and "progress-sync-submit" in done.stdout, "learns the same from doctor", done.stdout + done.stderr)


def by_socket(judge, machine):
    """When the file system says no."""
    machine.sh(WITHOUT_LISTS)
    done = machine.ctl("complete", "handed", "1", "1", "--wait=synced", user="alice")
    judge.expect(done.returncode == 0, "progressctl hands over by socket", done.stdout + done.stderr)
    found = machine.entries("PROGRESS_PROGRAM=handed", f"MESSAGE_ID={KINDS['accepted'][0]}")
    judge.expect({entry["PROGRESS_SENDER_UID"] for entry in found} == {machine.uid["alice"]}, "as who he is", found)
    done = machine.ctl("complete", "handed", "1", "2", user="eve")
    judge.expect(done.returncode != 0 and "progress-sync-submit" in done.stderr, "a stranger cannot, and is told the next step", done.stderr)
    machine.run("systemctl", "stop", "progress-syncd-submit.socket", "progress-syncd.socket", DAEMON, check=False)
    done = machine.ctl("complete", "handed", "1", "3", user="alice")
    judge.expect(done.returncode != 0 and len(done.stderr.splitlines()) <= 2, "without directory and daemon, one line tells what to do", done.stderr)
    machine.run("systemd-tmpfiles", "--create", "progress-sync.conf")
    done = machine.ctl("complete", "handed", "1", "4", user="alice")
    judge.expect(done.returncode == 0, "without the daemon, the directory takes it", done.stderr)
    machine.run("systemctl", "start", DAEMON)
    machine.await_empty()
    judge.expect({day for _, _, day in machine.api.taken("handed")} == {1, 4}, "and both arrive", machine.api.taken("handed"))


def a_flood(judge, machine):
    """Who floods the queue fills his own share of it."""
    machine.api.stop()
    machine.configure(HASTY + BOUNDED)
    machine.drop_many("flood", 300, user="bob")
    machine.await_("the bound", lambda: (machine.status() or {}).get("pending") == 100)
    machine.drop_many("calm", 10, user="alice")
    machine.await_("alice's", lambda: len(machine.queue("alice")) == 10)
    judge.expect(len(machine.queue("bob")) == 100, "his entries end at his bound", len(machine.queue("bob")))
    judge.expect(machine.sh(f"ls {SPOOL}/incoming | wc -l") == "200", "what is beyond stays in the spool, untouched", lambda: machine.sh(f"ls {SPOOL}/incoming | wc -l"))
    said = machine.entries(f"MESSAGE_ID={KINDS['boundReached'][0]}")
    judge.expect([entry["PROGRESS_SENDER_UID"] for entry in said] == [machine.uid["bob"]] and said[0]["PROGRESS_BOUND"] == "keys",
                 "which the journal has once", said)
    judge.expect("bob" in machine.out("progressctl", "status", "--system"), "and status as long as it is so", lambda: machine.out("progressctl", "status", "--system"))
    machine.api.start()
    machine.await_empty()
    expect_all(judge, machine.api, "flood", 300, "with room again, all 300 arrive")
    expect_all(judge, machine.api, "calm", 10, "and all of alice's")
    judge.expect(machine.await_kind("boundLeft")[0]["PROGRESS_SENDER_UID"] == machine.uid["bob"], "and the journal says that it is over")


def a_clear_amid_a_flood(judge, machine):
    """Who logs out amid another's flood."""
    machine.api.stop()
    machine.configure(HASTY)
    flood = threading.Thread(target=machine.drop_many, args=("on-and-on", 20_000), kwargs={"user": "bob"})
    flood.start()
    machine.await_("the flood", lambda: machine.status()["pending"] > 0)
    machine.drop_many("logged-out", 20, user="alice")
    began = time.monotonic()
    done = machine.ctl("clear", "--all", "--yes", "--system", user="alice")
    judge.expect(done.returncode == 0 and "20 entries" in done.stdout and flood.is_alive(), "has all that is hers discarded while the flood goes on", done.stdout + done.stderr)
    judge.note(f"after {time.monotonic() - began:.1f} s, of the 45 s that it waits at most")
    flood.join()
    machine.await_("an empty spool", lambda: machine.sh(f"ls {SPOOL}/incoming | wc -l") == "0")
    judge.expect(machine.status()["pending"] == 20_000, "and nothing of anybody else's", machine.status()["pending"])
    done = machine.ctl("clear", "--all", "--yes", "--system")
    judge.expect(done.returncode == 0 and "20000 entries" in done.stdout, "root clears it all", done.stdout + done.stderr)
    machine.api.start()
    done = machine.ctl("complete", "logged-in", "1", "1", "--wait=synced", user="alice")
    judge.expect(done.returncode == 0 and not machine.api.taken("logged-out") and not machine.api.taken("on-and-on"), "nothing of it is ever delivered", done.stderr)


def a_flood_of_bytes(judge, machine):
    """Who fills the queue with long values, too."""
    machine.api.stop()
    machine.configure(HASTY + "limits: {bytes_per_user: 300KiB}\n")
    machine.run("python3", "-c", f"""
import json, os
for number in range(40):
    action = {{"action": "exercise", "program_id": "long", "week_number": 1, "day_number": number + 1, "exercise": {{"exercise_id": "squat", "notes": "x" * 50000}}}}
    with open("{SPOOL}/incoming/.long", "w") as file: json.dump(action, file)
    os.rename("{SPOOL}/incoming/.long", f"{SPOOL}/incoming/long-{{number:02}}.json")
""", user="bob")
    waiting = f"ls {SPOOL}/incoming | grep -c long"
    said = machine.await_("the bound", lambda: [entry for entry in machine.entries(f"MESSAGE_ID={KINDS['boundReached'][0]}") if entry["PROGRESS_BOUND"] == "bytes"])
    judge.expect(said[0]["PROGRESS_SENDER_UID"] == machine.uid["bob"], "the journal says whose bound it is", said)
    taken = len(machine.queue("bob"))
    # So much of them that the bound is reached, and one batch beyond it, of 256 KiB and one more file.
    judge.expect(6 <= taken <= 6 + 7 and machine.sh(waiting) == str(40 - taken), f"{taken} of his 40 values of 49 KiB are in the queue, of at most 300 KiB",
                 lambda: machine.sh(waiting))
    machine.ctl("complete", "beside", "1", "1", "--wait", user="alice")
    judge.expect(len(machine.queue("alice")) == 1, "alice's is taken in beside them", machine.queue("alice"))
    machine.api.start()
    machine.await_empty()
    days = {request["body"]["day_number"] if isinstance(request["body"], dict) else request["body"][0]["day_number"]
            for request in machine.api.requests() if "/long/" in request["path"] and request["status"] == 200}
    judge.expect(days == set(range(1, 41)), "with room again, all of his arrive", days)


def rubbish(judge, machine):
    """Who floods it with rubbish fills his own share of rejected/."""
    machine.configure(HASTY + BOUNDED)
    machine.run("python3", "-c", f"""
import os
for number in range(60):
    with open("{SPOOL}/incoming/.r", "w") as file: file.write("rubbish")
    os.rename("{SPOOL}/incoming/.r", f"{SPOOL}/incoming/rubbish-{{number}}.json")
""", user="bob")
    rejected = f"ls {SPOOL}/rejected | grep -v reason | grep -c rubbish"
    machine.await_("the bound", lambda: machine.sh(rejected + " || true") == "20")
    said = machine.await_kind("incidentBound")
    judge.expect([entry["PROGRESS_SENDER_UID"] for entry in said] == [machine.uid["bob"]], "a person is called, once", said)
    done = machine.ctl("complete", "amid", "1", "1", "--wait=synced", user="alice")
    judge.expect(done.returncode == 0, "nobody else is kept waiting", done.stderr)
    judge.expect(machine.sh(rejected) == "20", "his refused files end at his bound", machine.sh(rejected))
    machine.ctl("rejected", "discard", "--all", "--yes", user="bob")
    machine.await_("the next of them", lambda: machine.sh(rejected + " || true") == "20")
    judge.expect(True, "he has room again when he has discarded them")
    machine.sh(f"rm -f {SPOOL}/incoming/rubbish-*")


def attacks(judge, machine):
    """The attack table, tried by two accounts and a stranger."""
    machine.configure(HASTY)
    machine.ctl("rejected", "discard", "--all", "--yes")
    done = machine.run("/mnt/guest/attacks", "--flood", "5000", check=False, patience=600)
    lines = [line.strip() for line in done.stdout.splitlines()]
    for line in lines:
        if verdict := re.fullmatch(r"(ok  |FAIL) (.*)", line):
            judge.expect(verdict[1] == "ok  ", verdict[2], "")
    judge.expect(done.returncode == 0 and len(lines) > 20, "all of the table was tried", done.stderr)


# The attacks come last: the journal has no line for each of so many.
CASES = [members, a_stranger, by_socket, a_flood, a_clear_amid_a_flood, a_flood_of_bytes, rubbish, attacks]
