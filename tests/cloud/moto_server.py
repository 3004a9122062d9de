"""AWS on this machine: moto's server, with what it lacks. Run as `python -m tests.cloud.moto_server RUNTIME`.

Prints its address, then serves until it is killed. What it adds: no function has a URL (moto does not know the call),
a role that is new is not known at once, and a function is called by running the very package that was deployed (moto
wants Docker for that).
"""

import base64
import io
import json
import re
import socket
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from tests.cloud.sandbox import Crashed, Sandbox, lambda_variables

ACCOUNT = "123456789012"
FUNCTIONS = "/2015-03-31/functions"
URLS = re.compile(r"/2021-10-31/functions/[^/]+/urls")
CALLS = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
Start = Callable[[str, list[tuple[str, str]]], Any]


class Server:
    """moto, and what it lacks. `runtime` is the folder with Lambda's own libraries."""

    def __init__(self, runtime: Path) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._runtime = runtime
        self._roles: set[str] = set()
        self.url = ""

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""
        path = environ["PATH_INFO"]
        if URLS.fullmatch(path):
            start("200 OK", [("Content-Type", "application/json")])
            return [b'{"FunctionUrlConfigs": []}']
        if called := CALLS.fullmatch(path):
            event = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            return self._call(called[1], event, start)
        if path.rstrip("/") == FUNCTIONS and environ["REQUEST_METHOD"] == "POST" and self._has_new_role(environ):
            start("400 Bad Request", [("x-amzn-ErrorType", "InvalidParameterValueException")])
            return [b'{"Message": "The role defined for the function cannot be assumed by Lambda."}']
        return list(self._moto(environ, start))

    def _has_new_role(self, environ: dict[str, Any]) -> bool:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = io.BytesIO(body)
        role = json.loads(body)["Role"]
        is_new = role not in self._roles
        self._roles.add(role)
        return is_new

    def _call(self, name: str, event: Any, start: Start) -> Iterable[bytes]:
        function = lambda_backends[ACCOUNT]["us-east-1"].get_function(name)
        variables = lambda_variables(**function.environment_vars, AWS_ENDPOINT_URL=self.url)
        headers = [("Content-Type", "application/json")]
        with tempfile.TemporaryDirectory() as folder:
            zipfile.ZipFile(io.BytesIO(function.code_bytes)).extractall(folder)
            with Sandbox(Path(folder), self._runtime, variables, function.handler) as sandbox:
                try:
                    result = sandbox.invoke(event)
                except Crashed as error:
                    result = {"errorMessage": str(error).strip().splitlines()[-1]}
                    headers.append(("X-Amz-Function-Error", "Unhandled"))
                log = base64.b64encode(sandbox.log.encode()[-4096:]).decode()
        start("200 OK", [*headers, ("X-Amz-Log-Result", log)])
        return [json.dumps(result).encode()]


def main() -> None:
    """Serve."""
    server = Server(Path(sys.argv[1]))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        http = make_server("127.0.0.1", 0, server, threaded=True, fd=listener.fileno())
        server.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        http.serve_forever()


if __name__ == "__main__":
    main()
