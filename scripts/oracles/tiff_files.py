#!/usr/bin/env python3
"""Writes TIFF files with tifffile and Pillow, as fixtures for tests/io/tiff_test.cpp.

Voxel (x, y, z) of the arrays holds x + 4 y + 12 z + shift, where shift is -2 for signed and
floating types; what each file is for is in its name.
"""

from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

DATA = Path(__file__).resolve().parents[2] / "tests" / "data" / "io"


def values(dtype, shape=(2, 3, 4)):
    shift = 0 if np.dtype(dtype).kind == "u" else -2
    return (np.arange(np.prod(shape)).reshape(shape) + shift).astype(dtype)


def write(name, array, **options):
    tifffile.imwrite(DATA / f"tiff_{name}.tif", array, metadata=None, **options)


def main():
    for path in DATA.glob("tiff_*"):
        path.unlink()
    for dtype in ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]:
        write(dtype, values(dtype), photometric="minisblack")
    write("big_endian", values("i2"), byteorder=">", photometric="minisblack")
    write("big_tiff", values("u2"), bigtiff=True, photometric="minisblack")
    write("deflate", values("u2"), compression="zlib", predictor=True, photometric="minisblack")
    write("page", values("u1", (3, 4)), photometric="minisblack", resolution=(5, 4),
          resolutionunit="CENTIMETER")
    write("tiled", values("u2", (2, 20, 18)), tile=(16, 16), photometric="minisblack")
    rgb = values("u1", (3, 2, 3, 4))  # channels first: 24 apart
    write("rgb", np.moveaxis(rgb, 0, -1), photometric="rgb")
    write("planar", rgb[:, 0], photometric="rgb", planarconfig="separate")
    write("white", 255 - values("u1", (3, 4)), photometric="miniswhite")
    channels = np.moveaxis(values("u2", (2, 2, 3, 4)), 0, 1)  # ZCYX of [C, Z, Y, X]
    tifffile.imwrite(DATA / "tiff_imagej.tif", channels, imagej=True, resolution=(1 / 1.5, 1 / 2),
                     metadata={"axes": "ZCYX", "spacing": 3.0, "unit": "mm"})
    grey = Image.fromarray(values("u1", (3, 4)))
    for kind in ["tiff_lzw", "packbits"]:
        grey.save(DATA / f"tiff_{kind.removeprefix('tiff_')}.tif", compression=kind)
    indexed = Image.fromarray(values("u1", (3, 4)), mode="P")
    indexed.putpalette([channel for i in range(256) for channel in (i, 255 - i, 7)])
    indexed.save(DATA / "tiff_palette.tif")
    Image.fromarray(np.eye(3, 10, dtype=bool)).save(DATA / "tiff_bits.tif", compression=None)
    noise = np.random.default_rng(0).integers(0, 255, (16, 16), "u1")
    Image.fromarray(noise).save(DATA / "tiff_jpeg.tif", compression="jpeg")


main()
