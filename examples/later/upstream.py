# pip install standardwebhooks
# TENANTRY_URL=https://<host> UPSTREAM_SECRET=whsec_... python upstream.py
import json
import os
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Timer
from urllib.request import Request, urlopen

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["UPSTREAM_SECRET"])
results = os.environ["TENANTRY_URL"] + "/v2.1/results/"


def work(id, request):
    """What takes long. If it fails: `send(id, {"error_message": "why"}, {"Tenantry-Status": "failed"})`."""
    send(id, {"y": 2 * request["x"]})


def send(id, result, more={}):
    """Sends the result of a request, signed as the request was. What is not answered 200 may be sent again."""
    body, message, now = json.dumps(result), f"result_{id}", datetime.now(timezone.utc)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": webhook.sign(message, now, body),
    }
    urlopen(Request(results + id, body.encode(), {**headers, **more}), timeout=60)


class Upstream(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            request = webhook.verify(body, dict(self.headers.items()))
        except WebhookVerificationError:
            return self.answer(401)
        Timer(1, work, (self.headers["webhook-id"], request)).start()
        self.answer(202)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Tenantry-Result", "later")
        self.send_header("Content-Length", "0")
        self.end_headers()


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("UPSTREAM_PORT", "8788"))), Upstream)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
