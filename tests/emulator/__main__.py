"""`python -m tests.emulator [DIRECTORY]`: starts the emulator and says how a profile reaches it."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.emulator.process import running


def main() -> None:
    directory = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="emulator-"))
    with running(directory) as emulator:
        print(f"the emulator keeps its data in {directory}; Ctrl-C ends it. A profile for it:\n")  # noqa: T201
        for name, value in emulator.fields().items():
            print(f"      {name}: {value}")  # noqa: T201
        try:
            while True:
                time.sleep(1)
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
