#!/usr/bin/env python3
"""Writes NIfTI files with nibabel, as fixtures for tests/io/nifti_test.cpp.

Voxel (x, y, z, ...) of every file holds x + 4 y + 12 z + 24 t + shift, where shift is -2 for signed
and floating types; what each file is for is in its name. nifti.json has the shapes and affines
that nibabel reads back.
"""

import gzip
import json
from pathlib import Path

import nibabel as nib
import numpy as np

DATA = Path(__file__).resolve().parents[2] / "tests" / "data" / "io"
TYPES = "u1 i2 i4 f4 f8 i1 u2 u4 i8 u8".split()

# A turned and sheared head, far from the origin.
AFFINE = np.array([[-1.5, 0.25, 0, 90], [0.5, 2, -0.125, -126], [0, 0.5, 3, -72], [0, 0, 0, 1]])
TURNED = nib.affines.from_matvec(
    nib.quaternions.quat2mat([0.5, 0.5, 0.5, 0.5]) * [1, 2, 3], [10, 20, 30])
MIRRORED = TURNED @ np.diag([1, 1, -1, 1])


def values(dtype, shape=(4, 3, 2)):
    shift = 0 if np.dtype(dtype).kind == "u" else -2
    return (np.arange(np.prod(shape)).reshape(shape, order="F") + shift).astype(dtype)


def image(data, affine=AFFINE, kind=nib.Nifti1Image, endianness="<", code=1, units="mm"):
    header = kind.header_class(endianness=endianness)
    header.set_data_dtype(data.dtype)
    header.set_data_shape(data.shape)
    header.set_zooms([1.5, 2, 3, 0.5, 1, 1, 1][: data.ndim])
    header.set_xyzt_units(units)
    header.set_sform(affine, code)
    header.set_qform(None, 0)
    return kind(data, None, header)


def main():
    DATA.mkdir(parents=True, exist_ok=True)
    images = {}
    for dtype in TYPES:
        images[f"nifti_{dtype}.nii.gz"] = image(values(dtype))
    images["nifti_plain.nii"] = image(values("i2"))
    images["nifti_big_endian.nii.gz"] = image(values("i2"), endianness=">")
    images["nifti2.nii.gz"] = image(values("f4"), kind=nib.Nifti2Image)
    images["nifti2_big_endian.nii.gz"] = image(values("f8"), kind=nib.Nifti2Image, endianness=">")
    images["nifti_2d.nii.gz"] = image(values("f4", (4, 3)))
    images["nifti_4d.nii.gz"] = image(values("i2", (4, 3, 2, 2)))
    images["nifti_channels.nii.gz"] = image(values("i2", (4, 3, 2, 1, 2)))
    images["nifti_metres.nii.gz"] = image(values("u1"), units="meter")
    images["nifti_no_form.nii.gz"] = image(values("u1"), code=0)
    for name, affine in {"turned": TURNED, "mirrored": MIRRORED}.items():
        made = image(values("u1"), code=0)
        made.header.set_qform(affine, 1)
        images[f"nifti_{name}.nii.gz"] = made
    scaled = image(values("i2"))
    scaled.header.set_slope_inter(0.5, 10)
    images["nifti_scaled.nii.gz"] = scaled
    rgb = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    colours = np.zeros((4, 3, 2), rgb)
    for i, channel in enumerate("RGB"):
        colours[channel] = values("u1") + 100 * i // 2
    images["nifti_rgb.nii.gz"] = image(colours)
    images["nifti_complex.nii.gz"] = image(values("c8"))

    facts = {}
    for name, made in images.items():
        data = made.to_bytes()
        if name == "nifti_scaled.nii.gz":  # nibabel would scale the values back
            data = patched(data, 112, np.array([0.5, 10], "<f4"))
        path = DATA / name
        path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
        back = nib.load(path)
        facts[name] = {"affine": back.affine.tolist(), "shape": back.shape}
    lines = [f"{json.dumps(name)}: {json.dumps(fact)}" for name, fact in facts.items()]
    (DATA / "nifti.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def patched(data, at, numbers):
    return data[:at] + numbers.tobytes() + data[at + numbers.nbytes :]


main()
