"""Packs the bot for Azure: `python -m deploy.azure.package app-service` (or `functions`) makes broadcast-bot.zip.

Needs nothing but Python. Uploads nothing, and takes named files only: no token, no configuration, no ledger gets in.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OURS = ("bot.py", "localization_strings.py", "default_config.json", "broadcast")
HOMES = {
    "app-service": (ROOT / "gunicorn.conf.py", HERE / "startup.sh"),
    "functions": (HERE / "function_app.py", HERE / "host.json"),
}


def pack(home: str, target: Path) -> None:
    """Write the package for one of the `HOMES` into a file."""
    with ZipFile(target, "w", ZIP_DEFLATED) as package:
        for path in _ours():
            package.write(path, path.relative_to(ROOT).as_posix())
        for path in HOMES[home]:
            package.write(path, path.name)
        package.writestr("requirements.txt", _requirements(home))


def _ours() -> Iterator[Path]:
    for name in OURS:
        path = ROOT / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (file for file in files if file.is_file() and "__pycache__" not in file.parts)


def _requirements(home: str) -> str:
    files = [ROOT / "requirements.txt", *([HERE / "requirements.txt"] if home == "functions" else [])]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def main() -> None:
    """Pack, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m deploy.azure.package", description="Pack the bot for Azure.")
    parser.add_argument("home", choices=HOMES, help="where it will run")
    parser.add_argument("target", nargs="?", type=Path, default=Path("broadcast-bot.zip"), help="default: %(default)s")
    words = parser.parse_args()
    pack(words.home, words.target)
    print(f"Made {words.target} for {words.home}.")  # noqa: T201 – a command for people


if __name__ == "__main__":
    main()
