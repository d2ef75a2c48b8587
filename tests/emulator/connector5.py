"""`python -m tests.emulator.connector5`: the same tests with the newest connector, in a second environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.emulator.process import environment

REPO = Path(__file__).resolve().parents[2]
PINS = (
    "snowflake-connector-python==5.2.0",
    "pytest>=8.3",
    "pytest-xdist>=3.6",
    "hypothesis>=6.100",
)
PROJECTS = ("runs", "faults", "sign_in", "several_of_one_table", "estimate")
WANTED = ("tests/contract", *(f"tests/emulator/test_{name}.py" for name in PROJECTS))


def main() -> None:
    python = environment(PINS, "connector5")
    install = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-e", str(REPO)]
    subprocess.run([str(python), *install], check=True)
    asked = sys.argv[1:] or [*WANTED, "-k", "snowflake or emulator"]
    done = subprocess.run([str(python), "-m", "pytest", "-q", *asked], cwd=REPO, check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
