"""In PYTHONPATH, writes down every call of AWS that a program makes, into the file that CALLS names."""

import os
from pathlib import Path
from typing import Any

from botocore.client import BaseClient

_call = BaseClient._make_api_call


def _recorded(self: Any, operation: str, arguments: Any) -> Any:
    with Path(os.environ["CALLS"]).open("a", encoding="utf-8") as file:
        file.write(f"{self.meta.service_model.signing_name}:{operation}\n")
    return _call(self, operation, arguments)


BaseClient._make_api_call = _recorded
