"""Names of files that mean something to whoever reads them, or shows them."""

import json
import os
import re

from person import drop, place, write
from scene import has_controls, journal


EVIL = [b"\nSTATUS=evil\nWATCHDOG=trigger\n", b"a\x1b]0;evil\x07\x1b[2Jb", b"\r\rPRIORITY=0\nMESSAGE=evil", b"\xff\xfe\xc3", b"x" * 250, b"%n%s%x",
        "\u202egnp.\u2028".encode(), b"'; rm -rf ~ #", b"a..", b" ", b"-rf", b"\\x0a", b"null", b"READY=0\nSTOPPING=1\nMAINPID=1"]


def names(scene):
    """Names that would mean something to a log, a terminal, a shell or systemd, if they were passed on as they are."""
    bob = scene.bob
    for name in EVIL:
        scene.honestly(bob, name=name[:250] + b".json")
        bob.does(lambda name=name: drop(name[:240] + b"-bad.json", b'{"action": "' + name.replace(b"\n", b"\\n") + b'"}'))
        bob.does(lambda name=name: write(place(name + b".text"), b"never read"))
    bob.does(lambda: drop(b"key.json", json.dumps(bob.action(
        action="exercise", exercise={"exercise_id": "x\nWATCHDOG=trigger\x1b[2J", "notes": "\x1b[2J"})).encode()))
    scene.others_go_on("amid strange names")
    state, status = bob.state(scene.honest[-2][1], 30), scene.property("StatusText")["StatusText"]
    scene.expect(state != "unknown", "strange names are accepted, too")
    scene.expect(not has_controls(status) and "evil" not in status, f"STATUS= carries none of them: {status}", status)
    for name, reason in bob.rejected().items():
        if has_controls(name + reason):
            scene.expect(False, "a listing has no control characters", name + reason)
    for name in EVIL:
        bob.does(lambda name=name: os.unlink(place(name + b".text")))


def forged_names(scene):
    """Names like those that the daemon gives: to claims, to what it refuses, to what others hand over by socket."""
    alice, bob = scene.alice, scene.bob
    real = re.findall(r"\b[0-9a-f]{24}\b", " ".join(str(entry["MESSAGE"]) for entry in journal(scene)))
    claim = (real or ["01a2067193ab0000fac3b2b5"])[-1].encode()
    names = [b"%s.0193abcdef01.forged.json" % claim, b"%s-plan.json" % claim, b"plan.json.reason.json", b"~%d~forged.json" % alice.uid,
             b"~0~forged.json", b"~~forged.json", b"~99999999999999999999~forged.json", b"~-1~forged.json"]
    for name in names:
        action = scene.honestly(bob, name=name)
        scene.expect(bob.state(action, 20) != "unknown" and alice.state(action) == "unknown", f"{name.decode()} is accepted as bob's")
        bob.does(lambda name=name: drop(b"bad-" + name if name[:1] != b"~" else name, b"rubbish"))
    seen = scene.await_(lambda: [name for name in bob.rejected() if "forged" in name][5:])
    theirs = [name for name in alice.rejected() if "forged" in name]
    scene.expect(seen and not theirs, "what is refused of them is bob's, and not alice's", (list(bob.rejected()), theirs))
    owners = {int(entry["PROGRESS_SENDER_UID"]) for entry in journal(scene) if "forged.json" in str(entry) and "PROGRESS_SENDER_UID" in entry}
    scene.expect(owners == {bob.uid}, "and so says the journal", owners)


ATTACKS = [names, forged_names]
