"""The demo's page as one document: markup, style and scripts are files of their own and are put together here.

Serves nothing, keeps nothing: it reads the files anew each time, so that who works on the page need only reload it.
"""

import re
from pathlib import Path

FOLDER = Path(__file__).with_name("templates")
_STYLE = re.compile(r'<link rel="stylesheet" href="([a-z]+\.css)">')
_SCRIPT = re.compile(r'<script src="([a-z]+\.js)"></script>')


def document() -> str:
    """Return the page with its style and scripts inside, so that it asks for nothing else."""
    markup = _text("page.html")
    styled = _STYLE.sub(lambda link: f"<style>\n{_text(link[1])}</style>", markup)
    return _SCRIPT.sub(lambda script: f"<script>\n{_text(script[1])}</script>", styled)


def _text(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")
