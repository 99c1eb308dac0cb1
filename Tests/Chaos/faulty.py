"""The API as chaos has it: a proxy that changes its mood every few seconds, and keeps a record of all that passes.

It takes care that the record can be judged. Requests about one session are forwarded one after the other, even when their client has given up,
so that the order in which the record has them is the order in which the API applied them.
"""
import asyncio
import collections
import email.utils
import json
import random
import time

MOODS = {
    "healthy": 6,
    "slow": 3,
    "hanging": 1,
    "cutting": 2,
    "throttling": 2,
    "broken": 2,
    "denying": 1,
    "portal": 1,
    "refusing": 2,
}
LONGEST_MOOD = 6
PAGE = b"<html><body>Please log in to the network.</body></html>"


class Request:
    """One request as it came, and what became of it."""

    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.path = lines[0].split(" ")[1]
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        self.body = body
        self.arrived = time.time()
        self.has_hung_up = False
        self.ended = asyncio.Event()
        self.status = None

    @property
    def endpoint(self):
        return self.path.rsplit("/", 1)[1]

    @property
    def program(self):
        return self.path.split("/")[3]

    @property
    def items(self):
        content = json.loads(self.body)
        return content if isinstance(content, list) else [content]

    @property
    def sessions(self):
        return [(self.program, item["week_number"], item["day_number"]) for item in self.items]


class Faulty:
    """The proxy. `run` serves until it is cancelled; everything else is to be read when it has ended, or is set from its own thread."""

    def __init__(self, port, api_port, seed, token):
        self.port, self.api_port, self.token = port, api_port, token
        self.chance = random.Random(seed)
        self.mood = "healthy"
        self.calm = asyncio.Event()
        self.requests = []
        # What the API has answered 2xx, or 404 to an undoing, in the order in which it has.
        self.applied = []
        # (when it was asked for, until when)
        self.pauses = []
        self.violations = []
        self._under_way, self._locks, self._writers = {}, collections.defaultdict(asyncio.Lock), set()

    async def run(self):
        server = await self._listen()
        while True:
            try:
                await asyncio.wait_for(self.calm.wait(), self.chance.uniform(1, LONGEST_MOOD))
            except asyncio.TimeoutError:
                pass
            self.mood = "healthy" if self.calm.is_set() else self.chance.choices(list(MOODS), MOODS.values())[0]
            if self.mood == "refusing" and server:
                server.close()
                server = None
                for writer in list(self._writers):
                    writer.transport.abort()
            elif self.mood != "refusing" and not server:
                server = await self._listen()
            if self.calm.is_set():
                await asyncio.Event().wait()

    async def _listen(self):
        return await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _serve(self, reader, writer):
        self._writers.add(writer)
        ahead = b""
        try:
            while request := await self._read(reader, ahead):
                answering = asyncio.create_task(self._answer(request, writer))
                listening = asyncio.create_task(reader.read(1))
                await asyncio.wait({answering, listening}, return_when=asyncio.FIRST_COMPLETED)
                if not answering.done() and listening.done() and not listening.exception() and listening.result():
                    self.violations.append("a second request on a connection before the first was answered")
                if not answering.done():
                    request.has_hung_up = True
                    self._end(request)
                    answering.cancel()
                    break
                listening.cancel()
                await asyncio.wait({listening})
                # The first byte of the next request may have come already.
                ahead = b"" if listening.cancelled() else listening.result()
                if not answering.result():
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _read(self, reader, ahead):
        try:
            head = ahead + await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        request = Request(head[:-4], b"")
        request.body = await reader.readexactly(int(request.headers.get("content-length", 0)))
        self.requests.append(request)
        return request

    def _end(self, request):
        """From here on its client may make another for its sessions."""
        request.ended.set()
        for session in request.sessions:
            if self._under_way.get(session) is request:
                del self._under_way[session]

    async def _answer(self, request, writer):
        """Answers as the mood has it; returns whether the connection stays."""
        others = {self._under_way[session] for session in request.sessions if session in self._under_way}
        for session in request.sessions:
            self._under_way[session] = request
        for other in others:
            # That its client has given up may be heard of after the next request.
            try:
                await asyncio.wait_for(other.ended.wait(), 2)
            except asyncio.TimeoutError:
                pass
            if not other.has_hung_up:
                self.violations.append(f"two requests at once for a session: {other.path} and {request.path}")
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return await self._send(request, writer, 401, {"detail": "Not authenticated"})
        # Time for a reload, a new token or a kill to come in between.
        await asyncio.sleep(self.chance.choice([0, 0, 0, 0.01, 0.3]))
        mood = self.mood if self.chance.random() < 0.85 else "healthy"
        return await getattr(self, f"_be_{mood}")(request, writer)

    async def _be_healthy(self, request, writer):
        answer = await self._forward(request)
        if answer:
            return await self._send(request, writer, *answer)
        if self.chance.random() < 0.5:
            return await self._send(request, writer, self.chance.choice([502, 504]), {"detail": "no answer from behind"})
        return self._cut(request, writer)

    async def _be_slow(self, request, writer):
        await asyncio.sleep(self.chance.uniform(0.05, 1.5))
        return await self._be_healthy(request, writer)

    async def _be_hanging(self, request, writer):
        if self.chance.random() < 0.5:
            await self._forward(request)
        await asyncio.sleep(3600)

    async def _be_cutting(self, request, writer):
        status, body = (await self._forward(request) if self.chance.random() < 0.5 else None) or (200, b'{"success": true}')
        whole = self._head(status, len(body)) + body
        kind = self.chance.choice(["close", "half", "half", "chunks", "trickle"])
        if kind == "half":
            writer.write(whole[: self.chance.randrange(1, len(whole))])
        elif kind == "chunks":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(body), body))
        elif kind == "trickle":
            writer.write(self._head(status, 1_000_000))
            while True:
                writer.write(b" ")
                await asyncio.sleep(0.05)
        await asyncio.sleep(self.chance.choice([0, 0.2]))
        return self._cut(request, writer)

    async def _be_throttling(self, request, writer):
        status = self.chance.choice([429, 429, 503, 408, 425])
        now, seconds = time.time(), self.chance.randint(1, 6)
        if self.chance.random() < 0.5:
            self.pauses.append((now, now + seconds))
            wish = str(seconds)
        else:
            self.pauses.append((now, int(now) + seconds))
            wish = email.utils.formatdate(int(now) + seconds, usegmt=True)
        return await self._send(request, writer, status, {"detail": "slow down"}, f"Retry-After: {wish}\r\n")

    async def _be_broken(self, request, writer):
        if self.chance.random() < 0.3:
            await self._forward(request)
        return await self._send(request, writer, self.chance.choice([500, 500, 502, 503, 504, 408, 429]), {"detail": "oh no"})

    async def _be_denying(self, request, writer):
        return await self._send(request, writer, 200, {"success": False, "message": "not now"})

    async def _be_portal(self, request, writer):
        return await self._send(request, writer, 200, PAGE)

    async def _be_refusing(self, request, writer):
        return self._cut(request, writer)

    def _cut(self, request, writer):
        self._end(request)
        if self.chance.random() < 0.5:
            writer.transport.abort()
        return False

    async def _send(self, request, writer, status, body, more=""):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        request.status = status
        self._end(request)
        writer.write(self._head(status, len(body), "text/html" if body == PAGE else "application/json", more) + body)
        await writer.drain()
        return True

    def _head(self, status, length, kind="application/json", more=""):
        return f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{more}Content-Length: {length}\r\n\r\n".encode()

    async def _forward(self, request):
        """Status and body of the API's answer, or None when there is none. Goes on though the client hangs up meanwhile."""
        return await asyncio.shield(asyncio.create_task(self._forward_in_turn(request)))

    async def _forward_in_turn(self, request):
        locks = [self._locks[session] for session in sorted(request.sessions)]
        for lock in locks:
            await lock.acquire()
        try:
            return None if request.has_hung_up else await self._exchange(request)
        finally:
            for lock in locks:
                lock.release()

    async def _exchange(self, request):
        writer = None
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.api_port)
            head = f"POST {request.path} HTTP/1.1\r\nHost: api\r\nConnection: close\r\nContent-Type: application/json\r\n"
            writer.write(head.encode() + f"Content-Length: {len(request.body)}\r\n\r\n".encode() + request.body)
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").lower().split("\r\n")
            length = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length:"))
            body = await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            return None
        finally:
            if writer:
                writer.close()
        status = int(lines[0].split(" ")[1])
        if 200 <= status < 300 or (status == 404 and request.endpoint == "uncomplete"):
            self.applied.append(request)
        elif not (500 <= status < 600):
            self.violations.append(f"the API has answered {status} to {request.path}: {body.decode()[:200]}")
        return status, body
