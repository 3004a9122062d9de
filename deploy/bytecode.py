"""Compiled modules that are valid where they run.

Zappa dates every file of the package 1980, so modules compiled the usual way, which name their source's date, are all
out of date on Lambda: every cold start would compile everything again and throw it away.
"""

import compileall
import tempfile
from pathlib import Path
from py_compile import PycInvalidationMode
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

EVERYBODY_MAY_READ = 0o644 << 16


def add_to(package: Path) -> int:
    """Add the compiled form of every module to the package, made by the Python that runs now; return how many.

    They are valid without a look at their source ("unchecked"): what lies in a package does not change.
    """
    with tempfile.TemporaryDirectory() as folder, ZipFile(package, "a") as archive:
        root = Path(folder)
        archive.extractall(root, [name for name in archive.namelist() if name.endswith(".py")])
        compileall.compile_dir(
            root,
            maxlevels=99,
            quiet=2,
            workers=0,
            stripdir=folder,
            invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        )
        compiled = sorted(root.rglob("*.pyc"))
        for path in compiled:
            entry = ZipInfo(path.relative_to(root).as_posix())
            entry.external_attr = EVERYBODY_MAY_READ
            archive.writestr(entry, path.read_bytes(), ZIP_DEFLATED)
    return len(compiled)
