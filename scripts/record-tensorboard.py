"""
Writes tests/fixtures/tensorboard/events.bin with TensorBoard's own record writer and messages, and prints what its reader makes
of a folder of event files.

    pip install tensorboard
    python scripts/record-tensorboard.py                   the fixture
    python scripts/record-tensorboard.py <folder>          the scalars of a run's event files, as JSON
"""

import json
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

FIXTURE = Path(__file__).parent.parent / "tests" / "fixtures" / "tensorboard" / "events.bin"


def scalars(time: float, step: int, values: dict[str, float]) -> event_pb2.Event:
    summary = summary_pb2.Summary(
        value=[summary_pb2.Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
    )
    return event_pb2.Event(wall_time=time, step=step, summary=summary)


def record() -> None:
    events = [
        event_pb2.Event(wall_time=1764450000.25, file_version="brain.Event:2"),
        event_pb2.Event(
            wall_time=1764450000.25, step=3, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        ),
        scalars(1764450001.5, 300, {"training/loss": 0.1, "training/learningRate": 1e-3}),
        scalars(1764450002.0, 70000, {"validation/accuracy": float("nan")}),
    ]
    FIXTURE.parent.mkdir(parents=True, exist_ok=True)
    with FIXTURE.open("wb") as file:
        writer = RecordWriter(file)
        for event in events:
            writer.write(event.SerializeToString())
        writer.flush()


def show(folder: str) -> None:
    read = EventAccumulator(folder)
    read.Reload()
    found = {tag: [[one.wall_time, one.step, one.value] for one in read.Scalars(tag)] for tag in read.Tags()["scalars"]}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    show(sys.argv[1]) if len(sys.argv) > 1 else record()
