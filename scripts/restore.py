"""Use a checkpoint, a run's folder or a model's file: evaluate it, predict with it, export its weights for Keras.

    python scripts/restore.py CHECKPOINT evaluate [section.key=value ...]
    python scripts/restore.py CHECKPOINT predict IMAGE [-o OUT.npz] [--invert | --no-invert] [--divide 255]
    python scripts/restore.py CHECKPOINT export OUT.weights.h5 [--force]

The same as `dtrain evaluate CHECKPOINT`, and so on; runs under mpirun too.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works without being installed

from dtrain.cli.main import main

ACTIONS = ("evaluate", "predict", "export")


def restore() -> None:
    """Hand the command line over to the `dtrain` command, in its order."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="a run's folder, a checkpoint, or a model's file (.keras, .h5)")
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="what the action takes")
    arguments = parser.parse_args()
    main([arguments.action, arguments.checkpoint, *arguments.rest], prog_name=Path(__file__).name)


if __name__ == "__main__":
    restore()
