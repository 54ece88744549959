"""An upstream that answers when it is told to, so that what waits or runs does so for as long as a test needs, however slow it is."""

import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# How long it holds a request that nobody lets go, in seconds: what is asked of it ends, whatever becomes of the test.
LIMIT = 120


class Holding(ThreadingHTTPServer):
    """`POST` to a path is answered `{"y": 0}` once there was a `DELETE` of that path, whichever comes first."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.let_go = defaultdict(threading.Event)


class Handler(BaseHTTPRequestHandler):
    """Answers as `Holding` says."""

    server: "Holding"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        let_go = self.server.let_go[self.path].wait(LIMIT)
        self.answer(200 if let_go else 504)

    def do_DELETE(self):
        self.server.let_go[self.path].set()
        self.answer(200)

    def answer(self, status):
        """Sends the same body with `status`."""
        body = b'{"y": 0}'
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""
