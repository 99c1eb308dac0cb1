#!/usr/bin/env python3
"""A desktop that shows notices (org.freedesktop.Notifications), by printing their titles and texts; on the session bus, with libsystemd's sd-bus(3)."""

import ctypes

NAME = b"org.freedesktop.Notifications"
sd = ctypes.CDLL("libsystemd.so.0")
sd.sd_bus_message_get_member.restype = ctypes.c_char_p
bus = ctypes.c_void_p()


def must(result):
    if result < 0:
        raise OSError(-result, "sd-bus")
    return result


def notice(message):
    """Title and text of Notify(susssasa{sv}i)."""
    application, icon, title, text, replaced = ctypes.c_char_p(), ctypes.c_char_p(), ctypes.c_char_p(), ctypes.c_char_p(), ctypes.c_uint32()
    must(sd.sd_bus_message_read(message, b"susss", *map(ctypes.byref, (application, replaced, icon, title, text))))
    return title.value.decode(), text.value.decode()


def answer(message):
    if not sd.sd_bus_message_is_method_call(message, NAME, None):
        return
    member = sd.sd_bus_message_get_member(message)
    if member == b"GetCapabilities":
        must(sd.sd_bus_reply_method_return(message, b"as", 1, b"body"))
    elif member == b"Notify":
        print(*notice(message), sep="\n", flush=True)
        must(sd.sd_bus_reply_method_return(message, b"u", 1))
    else:
        print(member.decode(), flush=True)
        must(sd.sd_bus_reply_method_return(message, None))


must(sd.sd_bus_open_user(ctypes.byref(bus)))
must(sd.sd_bus_request_name(bus, NAME, ctypes.c_uint64(0)))
print("ready", flush=True)
while True:
    received = ctypes.c_void_p()
    if must(sd.sd_bus_process(bus, ctypes.byref(received))) == 0:
        must(sd.sd_bus_wait(bus, ctypes.c_uint64(2**64 - 1)))
    elif received:
        answer(received)
        sd.sd_bus_message_unref(received)
