"""Posts events as fast as they are taken: http-load.py ADDRESS TOKEN SECONDS CONNECTIONS EVENTS FILE.

Each connection has one request in flight. A body is posted again until it is accepted, on a new connection where one
breaks. The ids of what was accepted go to FILE.
"""
import multiprocessing
import selectors
import socket
import sys
import time

address, token, seconds, connections, events, file = sys.argv[1:]
host, port = address.rsplit(":", 1)
seconds, connections, events = float(seconds), int(connections), int(events)
PROCESSES = 2
HEAD = (
    f"POST /v1/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n"
    "Content-Type: application/x-ndjson\r\nContent-Length: "
).encode()


class Client:
    def __init__(self, name):
        self.name, self.next, self.ids, self.request, self.socket, self.answer = name, 0, [], b"", None, b""

    def prepare(self):
        self.ids = [f"{self.name}-{n}" for n in range(self.next, self.next + events)]
        self.next += events
        body = "".join(
            f'{{"event_id":"{i}","case_id":"K{i}","type":"accepted","occurred_at":"2026-09-14T07:00:00+08:00",'
            '"process":"opening","region":"469005100","channel":"online"}\n'
            for i in self.ids
        ).encode()
        self.request = HEAD + str(len(body)).encode() + b"\r\n\r\n" + body

    def send(self):
        """Sends the request; on a new connection if there is none."""
        while True:
            try:
                if self.socket is None:
                    self.socket = socket.create_connection((host, int(port)), 30)
                    self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.socket.sendall(self.request)
                self.begun, self.answer = time.monotonic(), b""
                return
            except OSError:
                self.socket = None
                time.sleep(0.05)

    def receive(self):
        """Reads on; the whole answer, b"" where the connection broke, None while more is to come."""
        try:
            more = self.socket.recv(4096)
        except OSError:
            more = b""
        if not more:
            return b""
        self.answer += more
        head, end, body = self.answer.partition(b"\r\n\r\n")
        length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return self.answer if end and len(body) >= int(length[0].split(b":")[1]) else None


def run(number, results):
    clients = [Client(f"{number}-{n}") for n in range(connections // PROCESSES)]
    accepted, times, refused = [], [], {}
    end = time.monotonic() + seconds
    selector = selectors.DefaultSelector()
    later = []  # when a refused body is to be posted again
    for client in clients:
        client.prepare()
        client.send()
        selector.register(client.socket, selectors.EVENT_READ, client)
    waiting = len(clients)
    while waiting:
        now = time.monotonic()
        for due, client in [each for each in later if each[0] <= now]:
            later.remove((due, client))
            client.send()
            selector.register(client.socket, selectors.EVENT_READ, client)
        for key, _ in selector.select(0.05):
            client = key.data
            answer = client.receive()
            if answer is None:
                continue
            selector.unregister(client.socket)
            if answer.startswith(b"HTTP/1.1 202 "):
                times.append(time.monotonic() - client.begun)
                accepted += client.ids
                if time.monotonic() >= end:
                    waiting -= 1
                    continue
                client.prepare()
                client.send()
                selector.register(client.socket, selectors.EVENT_READ, client)
                continue
            status = answer[9:12].decode() or "broken"
            refused[status] = refused.get(status, 0) + 1
            if not answer or b"\r\nconnection: close\r\n" in answer.lower():
                client.socket.close()
                client.socket = None
            later.append((time.monotonic() + 0.1, client))
    results.put((accepted, times, refused))


if __name__ == "__main__":
    results = multiprocessing.Queue()
    begun = time.monotonic()
    workers = [multiprocessing.Process(target=run, args=(n, results)) for n in range(PROCESSES)]
    for worker in workers:
        worker.start()
    parts = [results.get() for _ in workers]
    took = time.monotonic() - begun
    for worker in workers:
        worker.join()
    with open(file, "w") as out:
        for part in parts:
            out.writelines(i + "\n" for i in part[0])
    times = sorted(t for part in parts for t in part[1])
    refused = {}
    for part in parts:
        for status, count in part[2].items():
            refused[status] = refused.get(status, 0) + count
    print(
        f"{len(times)} requests accepted in {took:.1f} s, {len(times) / took:.0f} a second of {events} events; "
        f"p50 {times[len(times) // 2] * 1e3:.1f} ms, p99 {times[len(times) * 99 // 100] * 1e3:.1f} ms, "
        f"max {times[-1] * 1e3:.0f} ms; not accepted: {refused or 'none'}"
    )
