"""Writes small DICOM files with pydicom and what they look like by its own windowing: tests/fixtures/images/dicom.json."""
import base64, io, json, pathlib
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_modality_lut, apply_windowing
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

numbers = np.random.default_rng(7)


def file_of(name, values, syntax, bits, stored, signed, photometric="MONOCHROME2", window=None, slope=None, nested=False):
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.SOPInstanceUID = "1.2.3"
    dataset.PatientName = "Test^Nobody"
    if nested:
        inner = Dataset()
        inner.CodeValue = "1"
        inner.is_undefined_length_sequence_item = True
        dataset.ProcedureCodeSequence = Sequence([inner])
        dataset["ProcedureCodeSequence"].is_undefined_length = True
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = photometric
    dataset.Rows, dataset.Columns = values.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, stored, stored - 1
    dataset.PixelRepresentation = int(signed)
    if window:
        dataset.WindowCenter, dataset.WindowWidth = window
    if slope:
        dataset.RescaleSlope, dataset.RescaleIntercept = slope
    dataset.PixelData = values.astype(("<i" if signed else "<u") + str(bits // 8)).tobytes()
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    read = pydicom.dcmread(io.BytesIO(buffer.getvalue()))
    measured = apply_modality_lut(read.pixel_array, read).astype(np.float64)
    if window:
        low, high = (-(2 ** (stored - 1)), 2 ** (stored - 1) - 1) if signed else (0, 2**stored - 1)
        scale, offset = slope or (1, 0)
        low, high = low * scale + offset, high * scale + offset
        grey = (apply_windowing(measured, read).astype(np.float64) - low) / (high - low)
    else:
        grey = (measured - measured.min()) / (measured.max() - measured.min())
    if photometric == "MONOCHROME1":
        grey = 1 - grey
    return name, {
        "file": base64.b64encode(buffer.getvalue()).decode(),
        "height": values.shape[0],
        "width": values.shape[1],
        "grey": [round(value, 6) for value in (grey * 255).ravel()],
    }


small = numbers.integers(0, 4096, (5, 7))
made = dict(
    [
        file_of("12 bits with a window", small, ExplicitVRLittleEndian, 16, 12, False, window=([1800, 40], [1500, 400])),
        file_of("signed, with slope and intercept", small - 2048, ExplicitVRLittleEndian, 16, 16, True, window=(40, 400), slope=(0.5, -100)),
        file_of("implicit, inverted, without a window", small, ImplicitVRLittleEndian, 16, 12, False, "MONOCHROME1"),
        file_of("8 bits after sequences of unknown length", small % 256, ExplicitVRLittleEndian, 8, 8, False, window=(128, 256), nested=True),
    ]
)
target = pathlib.Path(__file__).parent.parent / "tests/fixtures/images/dicom.json"
target.write_text(json.dumps(made, indent=2) + "\n")
