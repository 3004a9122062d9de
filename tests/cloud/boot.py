"""The process behind a sandbox: loads the handler as Lambda does, then answers one line of JSON with another.

Run as `python -S -s -B boot.py TASK RUNTIME HANDLER`. Whatever the handler prints goes to the log.
"""

import importlib
import json
import os
import sys
import time
import traceback


class Context:
    """What Lambda tells about a call."""

    def __init__(self, remaining):
        self.aws_request_id = "request"
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self._ends = time.monotonic() + remaining

    def get_remaining_time_in_millis(self):
        """Return the time until the call is ended by force."""
        return max(0, round((self._ends - time.monotonic()) * 1000))


def main():
    """Serve until the input ends."""
    task, runtime, name = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.path[:] = [task, *(path for path in sys.path[1:] if path), runtime]
    os.chdir(task)
    started = time.perf_counter()
    module, function = name.rsplit(".", 1)
    handler = getattr(importlib.import_module(module), function)
    imported = time.perf_counter() - started
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        call = json.loads(line)
        started = time.perf_counter()
        try:
            answer = {"result": handler(call["event"], Context(call["remaining"]))}
        except Exception:
            answer = {"error": traceback.format_exc()}
        answer |= {"seconds": time.perf_counter() - started, "imported": imported, "modules": sorted(sys.modules)}
        print(json.dumps(answer), file=answers, flush=True)


main()
