"""Writes the workbooks and Arrow files of tests/fixtures/tables with the libraries that people write them with.

Needs openpyxl, pyarrow and pillow: `python scripts/record-tables.py`.
"""

import datetime
import io
import json
import pathlib

import openpyxl
import pyarrow as pa
import pyarrow.feather as feather
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from PIL import Image

FOLDER = pathlib.Path(__file__).parent.parent / "tests" / "fixtures" / "tables"
TEXTS = ["lovely soup", "cold and, sadly, late", "two\nlines “quoted”", "naïve café 猫"]
LABELS = ["good", "bad", "good", "bad"]


def workbook():
    book = openpyxl.Workbook()
    hidden = book.active
    hidden.title = "notes"
    hidden["A1"] = "not this one"
    hidden.sheet_state = "hidden"
    sheet = book.create_sheet("reviews")
    sheet.append(["text", "label", "score", "day", "seen", "moment"])
    for number, (text, label) in enumerate(zip(TEXTS, LABELS)):
        day = datetime.date(2024, 2, 28 + number) if number < 2 else datetime.date(2024, 3, number)
        moment = datetime.datetime(2024, 1, 2, 3, 4, 5 + number)
        sheet.append([text, label, 0.1 * (number + 1), day, number % 2 == 0, moment])
    sheet.append([None, None, None, None, None, None])
    rich = CellRichText(TextBlock(InlineFont(b=True), "bold"), " and plain")
    sheet.append([rich, "good", 7, datetime.date(1999, 12, 31), True])
    sheet["H3"] = "beside the table"
    book.create_sheet("more")["A1"] = "other"
    book.save(FOLDER / "reviews.xlsx")


def arrow():
    table = pa.table(
        {
            "text": TEXTS,
            "label": pa.array(LABELS).dictionary_encode(),
            "meta": [{"stars": number, "tags": ["a", "b"][: number % 3]} for number in range(4)],
            "large": pa.array(["x" * 40] * 4, type=pa.large_string()),
            "day": [datetime.datetime(2024, 1, 2, 3, 4, 5)] * 4,
        }
    )
    feather.write_feather(table, FOLDER / "reviews-lz4.feather", compression="lz4")
    feather.write_feather(table, FOLDER / "reviews-zstd.feather", compression="zstd")
    with pa.ipc.new_stream(FOLDER / "reviews.arrow", table.schema) as writer:
        for batch in table.to_batches(max_chunksize=3):
            writer.write_batch(batch)


def picture(red):
    buffer = io.BytesIO()
    Image.new("RGB", (24, 24), (red, 40, 90)).save(buffer, "PNG")
    return buffer.getvalue()


def images():
    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": ["cat", "dog"]}}
    pictures = [{"bytes": picture(20 + 50 * number), "path": f"{number}.png"} for number in range(4)]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(pictures, type=kind), "label": pa.array([0, 1, 1, 0], type=pa.int64())})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    with pa.ipc.new_stream(FOLDER / "images.arrow", table.schema) as writer:
        writer.write_table(table)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    workbook()
    arrow()
    images()
