#!/usr/bin/env python3
"""Writes MetaImage and NRRD files with SimpleITK, pynrrd and by hand, as fixtures for
tests/io/metaimage_test.cpp and nrrd_test.cpp.

Voxel (x, y, z) of every file holds x + 4 y + 12 z + shift, where shift is -2 for signed and
floating types; what each file is for is in its name. volumes.json has the affines, x first and in
RAS, as SimpleITK's spacing, direction and origin of the file give them.
"""

import gzip
import json
import zlib
from pathlib import Path

import nrrd
import numpy as np
import SimpleITK as sitk

DATA = Path(__file__).resolve().parents[2] / "tests" / "data" / "io"
SPACING, ORIGIN = (1.5, 2.0, 3.0), (10.0, -20.0, 30.5)
DIRECTION = (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0)  # columns: where x, y and z go
TILTED = (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0)


def values(dtype, shape=(2, 3, 4)):
    shift = 0 if np.dtype(dtype).kind == "u" else -2
    return (np.arange(np.prod(shape)).reshape(shape) + shift).astype(dtype)


def image(array, direction=DIRECTION, vector=False):
    made = sitk.GetImageFromArray(array, isVector=vector)
    made.SetSpacing(SPACING)
    made.SetOrigin(ORIGIN)
    made.SetDirection(direction)
    return made


def affine_of(path):
    """The affine of RAS that SimpleITK's reading of the file means."""
    read = sitk.ImageFileReader()
    read.SetFileName(str(path))
    read.ReadImageInformation()
    direction = np.array(read.GetDirection()).reshape(3, 3)
    affine = np.eye(4)
    affine[:3, :3] = direction * np.array(read.GetSpacing())
    affine[:3, 3] = read.GetOrigin()
    return (np.diag([-1, -1, 1, 1]) @ affine + 0).round(9).tolist()


def by_hand(name, text, data, separate=None):
    (DATA / name).write_bytes(text.encode() + (b"" if separate else data))
    if separate:
        (DATA / separate).write_bytes(data)


def metaimages():
    for dtype in ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]:
        sitk.WriteImage(image(values(dtype)), DATA / f"meta_{dtype}.mha", dtype in ["u2", "f4"])
    sitk.WriteImage(image(values("i2"), TILTED), DATA / "meta_detached.mhd", False)
    sitk.WriteImage(image(values("u1"), TILTED), DATA / "meta_packed.mhd", True)
    sitk.WriteImage(image(values("u1", (2, 3, 4, 3)), vector=True), DATA / "meta_rgb.mha", False)
    sitk.WriteImage(sitk.GetImageFromArray(values("i2", (3, 4))), DATA / "meta_2d.mha", False)
    head = ("ObjectType = Image\nNDims = 3\nBinaryData = {}\nBinaryDataByteOrderMSB = {}\n"
            "ElementSpacing = 1.5 2 3\nOffset = 10 -20 30.5\nDimSize = 4 3 2\n"
            "ElementType = MET_SHORT\nElementDataFile = LOCAL\n")
    by_hand("meta_big_endian.mha", head.format("True", "True"), values(">i2").tobytes())
    text = "\n".join(str(v) for v in values("i2").ravel())
    by_hand("meta_ascii.mha", head.format("False", "False"), text.encode())


def nrrds():
    lps = np.array(DIRECTION).reshape(3, 3).T * np.array(SPACING)[:, None]
    header = {"space": "left-posterior-superior", "space directions": lps, "space origin": ORIGIN}
    for dtype in ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]:
        encoding = {"u2": "raw", "i4": "ascii", "f4": "ascii"}.get(dtype, "gzip")
        nrrd.write(str(DATA / f"nrrd_{dtype}.nrrd"), values(dtype).transpose(),
                   {**header, "encoding": encoding})
    for space in ["right-anterior-superior", "left-anterior-superior"]:
        nrrd.write(str(DATA / f"nrrd_{''.join(w[0] for w in space.split('-'))}.nrrd"),
                   values("i2").transpose(), {**header, "space": space, "encoding": "raw"})
    nrrd.write(str(DATA / "nrrd_detached.nhdr"), values("i2").transpose(),
               {**header, "encoding": "gzip"})
    nrrd.write(str(DATA / "nrrd_spacings.nrrd"), values("i2").transpose(),
               {"spacings": list(SPACING), "encoding": "raw"})
    sitk.WriteImage(image(values("u1", (2, 3, 4, 3)), vector=True), DATA / "nrrd_rgb.nrrd", True)
    by_hand("nrrd_big_endian.nrrd",
            "NRRD0004\n# by hand\ntype: short\ndimension: 3\nsizes: 4 3 2\nkey:=value\n"
            "space: LPS\nspace directions: (1.5,0,0) (0,2,0) (0,0,3)\nspace origin: (10,-20,30.5)\n"
            "endian: big\nencoding: raw\nbyte skip: -1\n\n", b"skipped" + values(">i2").tobytes())


def main():
    for path in [*DATA.glob("meta_*"), *DATA.glob("nrrd_*")]:
        path.unlink()
    metaimages()
    nrrds()
    names = sorted(path.name for kind in ["*.mha", "*.mhd", "*.nrrd", "*.nhdr"]
                   for path in DATA.glob(kind) if "2d" not in path.name)
    facts = [f"{json.dumps(name)}: {json.dumps(affine_of(DATA / name))}" for name in names]
    (DATA / "volumes.json").write_text("{\n" + ",\n".join(facts) + "\n}\n")


main()
