"""Records what Biopython makes of global alignments: the best score with BLOSUM62, EDNAFULL (NUC.4.4) and unit scores, affine gaps.

    pip install biopython && python scripts/record-alignments.py

writes tests/fixtures/alignments.json. Sequences are drawn at random, half of them as damaged copies of their partners.
"""

import json
import random
from pathlib import Path

from Bio.Align import PairwiseAligner, substitution_matrices

random.seed(7)
alphabets = {"BLOSUM62": "ARNDCQEGHILKMFPSTWYVBZX", "NUC.4.4": "ACGTN", "unit": "ACGT"}
gaps = [(-10, -0.5), (-4, -1), (-1, -1), (-12, -2)]
cases = []
for name, alphabet in alphabets.items():
    for number in range(12):
        first = "".join(random.choices(alphabet, k=random.randint(1, 24)))
        second = "".join(random.choices(alphabet, k=random.randint(1, 24)))
        if number % 2:
            second = "".join(
                random.choice(alphabet) if random.random() < 0.3 else one for one in first if random.random() < 0.8
            ) or "A"
        open_gap, extend_gap = (-1, -1) if name == "unit" else gaps[number % len(gaps)]
        aligner = PairwiseAligner(mode="global")
        aligner.open_gap_score, aligner.extend_gap_score = open_gap, extend_gap
        if name == "unit":
            aligner.match_score, aligner.mismatch_score = 1, -1
        else:
            aligner.substitution_matrix = substitution_matrices.load(name)
        score = float(aligner.score(first, second))
        cases.append({"matrix": name, "first": first, "second": second, "gap": [open_gap, extend_gap], "score": score})

target = Path(__file__).parent.parent / "tests/fixtures/alignments.json"
target.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
print(f"{len(cases)} cases, {target.stat().st_size} bytes")
