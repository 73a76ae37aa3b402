#!/usr/bin/env python3
"""Writes a DICOM series with pydicom, as fixtures for tests/io/dicom_test.cpp: four oblique slices
of CT whose names are not in the order of their places, scaled by 2 and -1024. dicom.json has the
affine in RAS, x first, which SimpleITK's reading of the series means, and its voxels."""

import json
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

DATA = Path(__file__).resolve().parents[2] / "tests" / "data" / "io"
FOLDER = DATA / "dicom"
ROW, COLUMN = np.array([0.8, 0.6, 0.0]), np.array([-0.6, 0.8, 0.0])
PLACES = [2, 0, 3, 1]  # of the files in the order of their names


def slice_file(number, place):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = f"1.2.3.{number + 1}"
    file = Dataset()
    file.file_meta = meta
    file.SOPClassUID, file.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    file.SeriesInstanceUID, file.StudyInstanceUID = "1.2.3.100", "1.2.3.200"
    file.PatientID, file.PatientName, file.Modality = "none", "none", "CT"
    file.InstanceNumber = number + 1
    file.Rows, file.Columns = 3, 4
    file.ImageOrientationPatient = [*ROW, *COLUMN]
    file.ImagePositionPatient = list(np.array([10.0, -20.0, 30.0]) + [0, 0, 2.5 * place])
    file.PixelSpacing, file.SliceThickness = [0.7, 0.5], 2.5  # rows are 0.7 apart
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated = file.BitsStored = 16
    file.HighBit, file.PixelRepresentation = 15, 0
    file.RescaleSlope, file.RescaleIntercept, file.RescaleType = 2, -1024, "HU"
    pixels = (np.arange(12) + 12 * place).astype("<u2").reshape(3, 4)
    file.PixelData = pixels.tobytes()
    return file


def colour_file(planes):
    """RGB of 2 x 3 pixels that count up, pixel by pixel or in planes of their own."""
    file = slice_file(0, 0)
    pixels = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    file.Rows, file.Columns = 2, 3
    file.SamplesPerPixel, file.PhotometricInterpretation = 3, "RGB"
    file.PlanarConfiguration = int(planes)
    file.BitsAllocated = file.BitsStored = 8
    file.HighBit = 7
    del file.RescaleSlope, file.RescaleIntercept, file.RescaleType
    file.PixelData = (pixels.transpose(2, 0, 1) if planes else pixels).tobytes()
    return file


def main():
    for planes in (False, True):
        name = "dicom_planes.dcm" if planes else "dicom_colour.dcm"
        colour_file(planes).save_as(DATA / name, enforce_file_format=True)
    FOLDER.mkdir(exist_ok=True)
    for number, place in enumerate(PLACES):
        slice_file(number, place).save_as(FOLDER / f"IM{number}", enforce_file_format=True)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(FOLDER)))
    image = reader.Execute()
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    affine = (np.diag([-1, -1, 1, 1]) @ affine + 0).round(9)
    facts = {"series": affine.tolist(), "voxels": sitk.GetArrayFromImage(image).ravel().tolist()}
    (DATA / "dicom.json").write_text(json.dumps(facts) + "\n")


main()
