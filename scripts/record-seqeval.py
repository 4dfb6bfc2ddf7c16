"""Records what seqeval makes of sequences of tags: entities, and precision, recall and F1 (micro and by type).

    pip install seqeval && python scripts/record-seqeval.py

writes tests/fixtures/seqeval.json. Tags are drawn at random, so most sequences are damaged: I without B, E without a beginning.
"""

import json
import random
from pathlib import Path

from seqeval.metrics import classification_report
from seqeval.metrics.sequence_labeling import get_entities

random.seed(4)
schemes = {"bio": "BI", "iobes": "BIES"}
cases = []
for prefixes in schemes.values():
    tags = ["O", "O", *[f"{prefix}-{kind}" for prefix in prefixes for kind in ("PER", "LOC-X")]]
    for _ in range(6):
        sentences = [[random.choice(tags) for _ in range(random.randint(1, 12))] for _ in range(4)]
        answers = [[tag if random.random() < 0.7 else random.choice(tags) for tag in own] for own in sentences]
        report = classification_report(sentences, answers, output_dict=True, zero_division=0)
        names = {"micro avg": "micro"}
        metrics = {
            names.get(name, name): [float(row[key]) for key in ("precision", "recall", "f1-score", "support")]
            for name, row in report.items()
            if name not in ("macro avg", "weighted avg")
        }
        entities = [[[kind, first, last + 1] for kind, first, last in get_entities(own)] for own in answers]
        cases.append({"truth": sentences, "answers": answers, "entities": entities, "metrics": metrics})

target = Path(__file__).parent.parent / "tests/fixtures/seqeval.json"
target.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
print(f"{len(cases)} cases, {target.stat().st_size} bytes")
