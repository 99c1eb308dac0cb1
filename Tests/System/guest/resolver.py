#!/usr/bin/env python3
"""A DNS server (RFC 1035) that knows one name, which is this machine's, and prints what it is asked.

  resolver.py NAME
"""

import socket
import struct
import sys

A, NAME_ERROR = 1, 3


def question(packet):
    """The name that is asked for, its type, and where the question ends."""
    labels, at = [], 12
    while length := packet[at]:
        labels.append(packet[at + 1:at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels), struct.unpack("!H", packet[at + 1:at + 3])[0], at + 5


def answer(packet, known):
    name, kind, end = question(packet)
    print(name, kind, flush=True)
    is_known = name.lower() == known
    record = b"\xc0\x0c" + struct.pack("!HHIH4B", A, 1, 1, 4, 127, 0, 0, 1) if is_known and kind == A else b""
    # An answer, authoritative, to a question that wished for recursion.
    flags = 0x8580 | (0 if is_known else NAME_ERROR)
    return packet[:2] + struct.pack("!5H", flags, 1, len(record) > 0, 0, 0) + packet[12:end] + record


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
    port.bind(("127.0.0.1", 53))
    while True:
        asked, peer = port.recvfrom(4096)
        port.sendto(answer(asked, sys.argv[1]), peer)
