"""What bob tries at the socket by which files are handed over: descriptors that are no sealed memory, names that lead elsewhere, and crowds."""

import contextlib
import fcntl
import json
import os
import socket
import time

from person import place

SOCKET = "/run/progress-sync/submit.sock"
ADD_SEALS, SHRINK_GROW_WRITE = 1033, 2 | 4 | 8
REFUSALS = {"wait", "name", "size", "malformed"}


def connect():
    daemon = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    daemon.settimeout(20)
    daemon.connect(SOCKET)
    return daemon, json.loads(daemon.recv(8192) or b'{"refused": "malformed"}')


def memory(content=b"", size=None, seals=SHRINK_GROW_WRITE):
    descriptor = os.memfd_create("action", os.MFD_ALLOW_SEALING)
    os.write(descriptor, content)
    if size:
        os.truncate(descriptor, size)
    if seals:
        fcntl.fcntl(descriptor, ADD_SEALS, seals)
    return descriptor


def hand_over(descriptors, name="handed.json", packet=None):
    """What the daemon says to it: `accepted` and the name, why it is refused, or nothing at all."""
    daemon, greeting = connect()
    with daemon:
        if "refused" in greeting:
            return greeting
        packet = json.dumps({"version": 1, "name": name}).encode() if packet is None else packet
        try:
            socket.send_fds(daemon, [packet], descriptors)
            return json.loads(daemon.recv(8192) or b'{"refused": "malformed"}')
        except ConnectionError:
            return {"refused": "malformed"}


def honestly(scene, person, name):
    action = person.action()
    answer = person.does(lambda: hand_over([memory(json.dumps(action).encode())], name))
    if "accepted" in answer:
        scene.honest.append((person, action["id"]))
    return action["id"], answer


def handing_over(scene):
    """Only where the service has that socket."""
    alice, bob = scene.alice, scene.bob
    if not os.path.exists(SOCKET):
        print("  skip that there is no such socket")
        return
    scene.refused(scene.eve, "EACCES", "connect to the socket for files", lambda: connect()[1])
    before = open_descriptors(scene)
    good = json.dumps(bob.action()).encode()
    for what, make in NO_SEALED_MEMORY.items():
        expect_refused(scene, f"{what} is refused", bob.does(lambda make=make: hand_over(make(good))))
    for name in ("", ".", "..", "../up.json", "/tmp/x.json", "a/b.json", ".hidden.json", "no-suffix", "x" * 300 + ".json", "nul\0.json"):
        expect_refused(scene, f"the name {name[:20]!r} is refused", bob.does(lambda name=name: hand_over([memory(good)], name)))
    for packet in (b"{", b"null", b"[]", b"\xff" * 100, b'{"version": 99, "name": "a.json"}', b'{"version": 1}', b"[" * 4000, b"x" * 100_000):
        expect_refused(scene, f"the packet {packet[:20]!r} is refused", bob.does(lambda packet=packet: hand_over([memory(good)], packet=packet)))
    for name in (f"~{alice.uid}~forged.json", "~0~forged.json", "both.json"):
        hers, his = honestly(scene, alice, "both.json"), honestly(scene, bob, name)
        scene.expect("accepted" in his[1] and bob.state(his[0], 20) != "unknown" and alice.state(his[0]) == "unknown", f"{name} is taken as bob's", his)
        scene.expect("accepted" in hers[1] and alice.state(hers[0], 20) != "unknown", "and both.json as alice's", hers)
    rubbish(scene)
    bob.does(lambda: [leave(good) for _ in range(50)] and None)

    def crowd():
        crowd = []
        for _ in range(300):
            with contextlib.suppress(OSError):
                crowd.append(connect())
        time.sleep(600)

    with bob.doing(crowd):
        time.sleep(1)
        scene.expect("accepted" in honestly(scene, alice, "amid.json")[1], "alice hands hers over while bob holds all the connections that he can get")
        scene.others_go_on("by the directory, too")
    left = scene.await_(lambda: (now := open_descriptors(scene)) <= before + 8 and now)
    scene.expect(left, f"the daemon keeps none of his descriptors ({left} open, {before} before)", open_descriptors(scene))
    scene.expect(not [name for name in os.listdir("/tmp") if name == "x.json"], "and no file is elsewhere")


def rubbish(scene):
    """The refused file belongs to the daemon's user, and what says whose it is stands beside words of bob's."""
    alice, bob = scene.alice, scene.bob
    text = json.dumps({f"sender: uid {alice.uid}": 1, f"\n\nname: x\nsender: uid {alice.uid}\n": 1}).encode()
    names = ["handed-bad.json", f"sender: uid {alice.uid}\nsender: uid {alice.uid}.json"]
    for name in names:
        bob.does(lambda name=name: hand_over([memory(text)], name))
        shown = name.replace("\n", "\\x0a")
        scene.expect_rejected(bob, shown, "sender", f"rubbish that is handed over as {shown}")
        scene.expect(shown not in alice.rejected(), "and is not alice's", alice.rejected())
    bob.asks("/v1/rejected/requeue", {"names": names[:1]})
    scene.expect_rejected(bob, names[0], "sender", "dropped once more, it")
    scene.expect(names[0] not in alice.rejected(), "and still is not alice's")


def expect_refused(scene, what, answer):
    scene.expect(answer.get("refused") in REFUSALS, f"{what} ({answer.get('refused')})", answer)


def leave(good):
    """Goes away before the answer."""
    daemon, _ = connect()
    with daemon, contextlib.suppress(OSError):
        socket.send_fds(daemon, [b'{"version": 1, "name": "left.json"}'], [memory(good)])


def open_descriptors(scene):
    return len(os.listdir(f"/proc/{scene.property('MainPID')['MainPID']}/fd"))


def pipe(_):
    return [os.pipe()[0]]


def on_disk(good):
    descriptor = os.open(place(b".on-disk"), os.O_RDWR | os.O_CREAT, 0o640)
    os.write(descriptor, good)
    os.unlink(place(b".on-disk"))
    return [descriptor]


# What is sent in the place of one sealed memfd, and is no such thing: it could change, end, or keep its reader waiting.
NO_SEALED_MEMORY = {
    "memory without seals": lambda good: [memory(good, seals=0)],
    "memory that can grow": lambda good: [memory(good, seals=2 | 8)],
    "memory that can shrink": lambda good: [memory(good, seals=4 | 8)],
    "memory that can be written to": lambda good: [memory(good, seals=2 | 4)],
    "a tebibyte of memory": lambda good: [memory(good, 1 << 40)],
    "a file on the disk": on_disk,
    "a pipe": pipe,
    "a socket": lambda _: [socket.socketpair()[0].detach()],
    "a device": lambda _: [os.open("/dev/zero", os.O_RDONLY)],
    "a directory": lambda _: [os.open("/", os.O_RDONLY)],
    "no more than a path": lambda _: [os.open("/etc/passwd", os.O_PATH)],
    "nothing": lambda _: [],
    "two files": lambda good: [memory(good), memory(good)],
    "as many files as a packet takes": lambda good: [memory(good)] * 250,
}
ATTACKS = [handing_over]
