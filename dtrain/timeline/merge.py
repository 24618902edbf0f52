"""Parts of a trace, written by processes that could no longer work together, put into one file.

`python -m dtrain.timeline.merge trace.json` takes `trace.rank0.json`, `trace.rank1.json`, ... beside it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from dtrain.timeline.chrome import part_path, read_events, write


def parts_of(path: Path) -> dict[int, Path]:
    """The parts of a trace that are there, by rank."""
    before, after = re.escape(part_path(path, 0).name).split("rank0", 1)
    found = ((re.fullmatch(f"{before}rank([0-9]+){after}", beside.name), beside) for beside in path.parent.iterdir())
    return dict(sorted((int(match[1]), beside) for match, beside in found if match))


def merge(path: Path) -> list[int]:
    """Make the trace of its parts, and remove these; returns the ranks.

    Raises:
        ValueError: there is no part.
    """
    parts = parts_of(path)
    if not parts:
        raise ValueError(f"{path}: no part of it here. Expected {part_path(path, 0)} or that of another rank")
    write(path, (read_events(part) for part in parts.values()))
    for part in parts.values():
        part.unlink()
    return list(parts)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m dtrain.timeline.merge TRACE")
    try:
        ranks = merge(Path(sys.argv[1]))
    except (OSError, ValueError) as error:
        sys.exit(f"Error: {error}")
    sys.stdout.write(f"{sys.argv[1]}: ranks {', '.join(map(str, ranks))}\n")
