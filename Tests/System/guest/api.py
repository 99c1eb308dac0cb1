#!/usr/bin/env python3
"""A progress API that writes down what it is asked, and answers as it is told to.

  api.py --port 8000 --notes FILE --orders FILE [--tls CERTIFICATE KEY] [--in-front-of PORT]

A line of JSON in the notes is one request: its path, token, Idempotency-Key, body, and the status that it is answered with. The orders, a JSON
object that is read again for each request, have `status` (of all answers), `refused` (tokens that are answered 401) and `delay` (seconds
before the answer). In front of another server, that one decides where the orders do not.
"""

import argparse
import http.client
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one segment.
    wbufsize = -1
    lock = threading.Lock()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        orders = json.loads(OPTIONS.orders.read_text())
        if token in orders.get("refused", []):
            status, answer = 401, b'{"detail": "token is not accepted"}'
        elif "status" in orders:
            status, answer = orders["status"], b'{"detail": "as ordered"}'
        elif OPTIONS.in_front_of:
            status, answer = self.ask(body)
        elif self.command == "POST":
            status, answer = 200, b'{"success": true, "message": "noted"}'
        else:
            status, answer = 404, b'{"detail": "Program not found"}'
        self.note(token, body, status)
        time.sleep(orders.get("delay", 0))
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_POST

    def ask(self, body):
        connection = http.client.HTTPConnection("127.0.0.1", OPTIONS.in_front_of)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection", "content-length")}
        connection.request(self.command, self.path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()

    def note(self, token, body, status):
        try:
            body = json.loads(body or b"null")
        except ValueError:
            body = repr(body)
        line = {"at": time.time(), "method": self.command, "path": self.path, "token": token, "key": self.headers.get("Idempotency-Key"), "body": body,
                "status": status}
        with self.lock, OPTIONS.notes.open("a") as notes:
            notes.write(json.dumps(line) + "\n")

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        """A client that goes away, as one does that is killed."""


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--notes", type=Path, required=True)
parser.add_argument("--orders", type=Path, required=True)
parser.add_argument("--tls", nargs=2)
parser.add_argument("--in-front-of", type=int)
OPTIONS = parser.parse_args()
server = Server(("127.0.0.1", OPTIONS.port), Answer)
if OPTIONS.tls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*OPTIONS.tls)
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
