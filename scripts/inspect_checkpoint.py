"""Show what a checkpoint, or any HDF5 file, holds, and whether every array is whole: the same as `dtrain inspect`.

    python scripts/inspect_checkpoint.py FILE_OR_FOLDER [--force] [--texts]

Ends with 0 when the file is whole, 1 when it is damaged or cannot be read.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works without being installed

from dtrain.cli.inspect import command

if __name__ == "__main__":
    command(prog_name=Path(__file__).name)
