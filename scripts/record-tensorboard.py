"""
Writes tests/fixtures/tensorboard/events.bin with TensorBoard's own record writer and messages, and prints what its reader makes
of a folder of event files.

    pip install tensorboard
    python scripts/record-tensorboard.py                   the fixture
    python scripts/record-tensorboard.py <folder>          the scalars and histograms of a run's event files, as JSON
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, histogram_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

FIXTURE = Path(__file__).parent.parent / "tests" / "fixtures" / "tensorboard" / "events.bin"


def scalars(time: float, step: int, values: dict[str, float]) -> event_pb2.Event:
    summary = summary_pb2.Summary(
        value=[summary_pb2.Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
    )
    return event_pb2.Event(wall_time=time, step=step, summary=summary)


def histogram(time: float, step: int, tag: str) -> event_pb2.Event:
    """Of -3, -3, 1 and 1, in buckets as wide as an eighth of the power of two below."""
    message = histogram_pb2.HistogramProto(
        min=-3, max=1, num=4, sum=-4, sum_squares=20, bucket_limit=[-3.25, -3, 1, 1.125], bucket=[0, 2, 0, 2]
    )
    summary = summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, histo=message)])
    return event_pb2.Event(wall_time=time, step=step, summary=summary)


def record() -> None:
    events = [
        event_pb2.Event(wall_time=1764450000.25, file_version="brain.Event:2"),
        event_pb2.Event(
            wall_time=1764450000.25, step=3, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        ),
        scalars(1764450001.5, 300, {"training/loss": 0.1, "training/learningRate": 1e-3}),
        scalars(1764450002.0, 70000, {"validation/accuracy": float("nan")}),
        histogram(1764450002.0, 70000, "weights/head/output/weight"),
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
    tags = read.Tags()
    found = {tag: [[one.wall_time, one.step, one.value] for one in read.Scalars(tag)] for tag in tags["scalars"]}
    for tag in tags["histograms"]:
        found[tag] = [[one.wall_time, one.step, asdict(one.histogram_value)] for one in read.Histograms(tag)]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    show(sys.argv[1]) if len(sys.argv) > 1 else record()
