"""Writes the bitmaps, archives and resampled pictures of tests/fixtures/images with the libraries that people write them with.

Needs pillow: `python scripts/record-images.py`.
"""

import base64
import io
import json
import pathlib
import tarfile

from PIL import Image

FOLDER = pathlib.Path(__file__).parent.parent / "tests" / "fixtures" / "images"
WIDTH, HEIGHT = 5, 3


def colours():
    image = Image.new("RGB", (WIDTH, HEIGHT))
    image.putdata([(17 * i % 256, 91 * i % 256, 200 - 13 * i) for i in range(WIDTH * HEIGHT)])
    return image


def described(image, kind):
    buffer = io.BytesIO()
    image.save(buffer, kind)
    read = Image.open(io.BytesIO(buffer.getvalue()))
    mode = "L" if image.mode in ("1", "L") and kind == "PPM" else "RGB"
    pixels = list(read.convert(mode).tobytes())
    return {"file": base64.b64encode(buffer.getvalue()).decode(), "channels": len(mode) if mode == "RGB" else 1, "pixels": pixels}


def bitmaps():
    image = colours()
    found = {
        f"{name} {kind}": described(converted, kind)
        for name, converted in {
            "black and white": image.convert("1"),
            "grey": image.convert("L"),
            "colour": image,
            **{"palette": image.quantize(11), "transparent": image.convert("RGBA")},
        }.items()
        for kind in ("BMP", "PPM")
        if not (kind == "PPM" and name in ("palette", "transparent"))
    }
    (FOLDER / "bitmaps.json").write_text(json.dumps(found, indent=1) + "\n")


def archive(name, members, kind):
    with tarfile.open(FOLDER / name, "w:gz", format=kind) as tar:
        for path, content in members:
            information = tarfile.TarInfo(path)
            information.size = len(content)
            tar.addfile(information, io.BytesIO(content))


def picture(red):
    buffer = io.BytesIO()
    Image.new("RGB", (24, 24), (red, 40, 90)).save(buffer, "PNG")
    return buffer.getvalue()


def archives():
    examples = [
        member
        for number in range(4)
        for member in (
            (f"./shard/{number:04}.png", picture(20 + 50 * number)),
            (f"./shard/{number:04}.cls", str(number % 2).encode()),
            (f"./shard/{number:04}.txt", b"a caption"),
        )
    ]
    archive("webdataset.tar.gz", examples + [("./shard/0004.png", picture(250))], tarfile.USTAR_FORMAT)
    long = "x" * 120
    folders = [(f"{long}/{label}/{number}.png", picture(40 + 60 * number)) for number, label in enumerate("abab")]
    for kind, name in ((tarfile.GNU_FORMAT, "long-gnu.tar.gz"), (tarfile.PAX_FORMAT, "long-pax.tar.gz")):
        archive(name, [(path[len(long) + 1 :], content) for path, content in folders] + [(f"a/{long}.png", picture(5))], kind)


def resampled():
    """What Pillow makes of a picture with antialiasing, and of its colours as grey."""
    width, height = 10, 7
    image = Image.new("RGB", (width, height))
    image.putdata([(37 * i * i % 256, 91 * i % 256, 250 - 3 * i) for i in range(width * height)])
    found = {"width": width, "height": height, "pixels": list(image.tobytes()), "grey": list(image.convert("L").tobytes())}
    sizes = ((5, 4), (13, 14), (3, 7), (20, 3), (10, 21))
    found["resized"] = [
        {"width": w, "height": h, "pixels": list(image.resize((w, h), Image.Resampling.BILINEAR).tobytes())} for w, h in sizes
    ]
    (FOLDER / "resampled.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    bitmaps()
    archives()
    resampled()
