"""What bob tries at the control socket: on alice's entries, on her refused files, on the daemon."""

import contextlib
import json
import os
import socket
import time

from person import SOCKET, ask, drop, quoted
from scene import SPOOL


def control_socket(scene):
    """bob tries his hand at alice's entries, alice's refused files, and the daemon."""
    alice, bob = scene.alice, scene.bob
    ask("/v1/pause", {"for": "5m"})
    try:
        action = scene.honestly(alice)
        alice.state(action, 20)
        entry = scene.await_(lambda: [entry for entry in alice.listed("/v1/queue") if entry["sender_uid"] == alice.uid])[-1]
        alice.does(lambda: drop(b"hers-refused.json", b"secret of alice"))
        scene.expect_rejected(alice, "hers-refused.json", "not valid", "alice's rubbish")
        entries(scene, entry, action)
        rejected_files(scene)
        routes(scene)
        connections(scene)
        scene.expect(entry["id"] in [other["id"] for other in alice.listed("/v1/queue")], "alice's entry is where it was")
    finally:
        ask("/v1/resume", {})


def entries(scene, entry, action):
    bob = scene.bob
    seen = [other for other in bob.listed("/v1/queue") if other["sender_uid"] != bob.uid]
    scene.expect(not seen, "bob is not shown alice's entries", seen[:1])
    scene.expect(bob.listed(f"/v1/queue?id={entry['id']}") == [], "not by their number either")
    scene.expect(bob.state(action) == "unknown", "nor what became of her action")
    for verb in ("retry", "discard"):
        for what in ({"ids": [entry["id"]]}, {"keys": [entry["key"]]}):
            status, text = bob.asks(f"/v1/{verb}", what)
            scene.expect(status == 404 or (status == 200 and json.loads(text)["changed"] == 0), f"bob cannot {verb} them ({text.strip()})", text)
    status, text = bob.asks("/v1/status")
    scene.expect(entry["key"] not in text, "nor does the status name them", text[:300])


def rejected_files(scene):
    bob = scene.bob
    scene.expect("hers-refused.json" not in bob.rejected(), "bob is not shown alice's refused file")
    paths = ["hers-refused.json", "hers-refused.json.reason", "../incoming/x", "../../../../etc/passwd", "/etc/passwd", "..", ".", "\0", "x" * 5000]
    for path in map(quoted, paths):
        status, text = bob.asks(f"/v1/rejected/{path}")
        scene.expect(status in (400, 404, 409, 414), f"nor given {path[:40]} ({status})", text[:200])
    for verb in ("requeue", "discard"):
        status, text = bob.asks(f"/v1/rejected/{verb}", {"names": paths[:4]})
        scene.expect(status != 200 or json.loads(text)["changed"] == 0, f"nor can he {verb} it ({status})", text)
    scene.expect("hers-refused.json" in scene.alice.rejected() and os.path.exists(SPOOL + b"/rejected/hers-refused.json"), "it is where it was")


def routes(scene):
    commands = {"pause": {"for": "1s"}, "resume": {}, "log-level": {"level": "critical"}, "reload": {}}
    seen = {name: scene.bob.asks(f"/v1/{name}", body)[0] for name, body in commands.items()}
    scene.expect(set(seen.values()) == {403}, "what is the administrator's is not bob's", seen)


def connections(scene):
    """More of them than there are, halves of requests, and rubbish."""
    bob, opened = scene.bob, [b"GET /v1/status HTTP/1.1\r\nX: ", b"POST /v1/discard HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n{", b"\x16\x03\x01" * 500, b""]

    def crowd():
        crowd = []
        for number in range(300):
            one = socket.socket(socket.AF_UNIX)
            one.settimeout(5)
            with contextlib.suppress(OSError):
                one.connect(SOCKET)
                one.sendall(opened[number % len(opened)])
            crowd.append(one)
        time.sleep(600)

    with bob.doing(crowd):
        time.sleep(1)
        scene.others_go_on("while bob holds all the connections that he can get")
        scene.expect(ask("/v1/status")[0] == 200, "and root is answered")
    scene.expect(scene.await_(lambda: bob.asks("/v1/status")[0] == 200), "bob is, when he has let go")


ATTACKS = [control_socket]
