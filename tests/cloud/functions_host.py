"""A stand-in for the Azure Functions host: `python functions_host.py PORT` in the folder of a functions package.

Hands every request to the package's one function for http, as the host does: the path goes to it whole if host.json
asks for that, and an exception is a 500 without words. `POST /stand-in/timer` calls the timer's function once, and
`GET /stand-in/ready` calls nothing.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import azure.functions as func

sys.path.insert(0, str(Path.cwd()))
from function_app import app

PREFIX = json.loads(Path("host.json").read_text())["extensions"]["http"]["routePrefix"]
FUNCTIONS = {one.get_function_name(): one.get_user_function() for one in app.get_functions()}


class Host(BaseHTTPRequestHandler):
    """One request, one call of a function."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, headers, content = self._call(body)
        except Exception as error:
            sys.stdout.write(f"the function failed: {error!r}\n")
            status, headers, content = 500, {}, b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer

    def _call(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.path == "/stand-in/timer":
            FUNCTIONS["work"](None)
            return 204, {}, b""
        if self.path == "/stand-in/ready":
            return 204, {}, b""
        if PREFIX:
            return 404, {}, b"no function has this route"
        url = f"http://{self.headers['Host']}{self.path}"
        answer = FUNCTIONS["http_app_func"](
            func.HttpRequest(self.command, url, headers=dict(self.headers), body=body), None
        )
        return answer.status_code, dict(answer.headers), answer.get_body()

    def log_message(self, *_: object) -> None:
        """Say nothing: the bot's own log is enough."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Host).serve_forever()
