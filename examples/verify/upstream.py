# pip install standardwebhooks
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["UPSTREAM_SECRET"])


class Upstream(BaseHTTPRequestHandler):
    def do_POST(self):
        # Exactly the bytes that came: JSON that was parsed and written anew has another signature.
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            request = webhook.verify(body, dict(self.headers.items()))
        except WebhookVerificationError as error:
            return self.answer(401, {"error": str(error)})
        self.answer(200, {"y": 2 * request["x"]})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("UPSTREAM_PORT", "8788"))), Upstream)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
