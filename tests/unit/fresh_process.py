"""A Python program in a process of its own, for what depends on imports, caches and memory."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"


def python(program: str, *arguments: object, **environment: str) -> str:
    """Run a program that can import the scripts and the library, and return what it prints."""
    finished = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS), **environment},
    )
    return finished.stdout.strip()
