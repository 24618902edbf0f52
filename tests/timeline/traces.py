"""What is asked of every trace: the rules of the format that viewers rely on."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class TraceFile:
    """A trace that keeps the rules; `spans` are its complete events."""

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        text = gzip.decompress(content) if path.suffix == ".gz" else content
        events: list[Event] = json.loads(text)["traceEvents"]
        assert {event["ph"] for event in events} <= {"X", "M"}
        self.spans = [event for event in events if event["ph"] == "X"]
        named = [event for event in events if event["name"] == "process_name"]
        self.processes = {event["pid"]: event["args"]["name"] for event in named}
        self.threads = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
        assert len(self.processes) == len(named), "a process has two names"
        self.parents = self._nest()

    def ranks(self) -> list[int]:
        """The processes that have events, by rank."""
        used = {event["pid"] for event in self.spans}
        return sorted(int(name.split()[1]) for pid, name in self.processes.items() if pid in used)

    def of_rank(self, rank: int, **wanted: Any) -> list[Event]:
        """The spans of a rank whose fields (or `args`) have these values, in the order of time."""
        pid = next(pid for pid, name in self.processes.items() if name.startswith(f"rank {rank} "))
        mine = (event for event in self.spans if event["pid"] == pid)
        return [e for e in mine if all(e.get(k, e["args"].get(k)) == v for k, v in wanted.items())]

    def parent(self, event: Event) -> str | None:
        """Name of the innermost span of the same thread around a span."""
        outer = self.parents[id(event)]
        return None if outer is None else outer["name"]

    def _nest(self) -> dict[int, Event | None]:
        parents: dict[int, Event | None] = {}
        threads: dict[Any, list[Event]] = defaultdict(list)
        for event in self.spans:
            threads[event["pid"], event["tid"]].append(event)
        for spans in threads.values():
            around: list[Event] = []
            assert spans == sorted(spans, key=lambda event: event["ts"])
            for event in spans:
                begin, end = bounds(event)
                assert begin <= end
                while around and bounds(around[-1])[1] <= begin:
                    around.pop()
                assert not around or end <= bounds(around[-1])[1], f"{event} lies across the end of {around[-1]}"
                parents[id(event)] = around[-1] if around else None
                around.append(event)
        return parents


def bounds(event: Event) -> tuple[int, int]:
    """Beginning and end in ns."""
    begin = round(event["ts"] * 1000)
    return begin, begin + round(event["dur"] * 1000)
