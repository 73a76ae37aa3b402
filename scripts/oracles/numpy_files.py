#!/usr/bin/env python3
"""Writes .npy and .npz files with NumPy, as fixtures for tests/io/npy_test.cpp and npz_test.cpp.

Element i (in row-major order) of every array is i - 2 for signed and floating types, i for
unsigned ones, and i % 3 == 0 for truth values.
"""

from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parents[2] / "tests" / "data" / "io"
TYPES = ["|b1", "|i1", "|u1"] + [o + t for t in "i2 u2 i4 u4 i8 u8 f2 f4 f8".split() for o in "<>"]


def values(shape, dtype):
    count = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    kind = np.dtype(dtype).kind
    return {"b": count % 3 == 0, "u": count}.get(kind, count - 2).astype(dtype)


def main():
    DATA.mkdir(parents=True, exist_ok=True)
    arrays = {}
    for dtype in TYPES:
        arrays[f"{dtype} C"] = values((2, 3, 4), dtype)
        arrays[f"{dtype} F"] = np.asfortranarray(values((2, 3, 4), dtype))
    arrays["scalar"] = np.array(7.0)
    arrays["one"] = values((5,), "<f4")
    arrays["empty"] = np.zeros((0, 3), "<f4")
    arrays["folder/deep"] = values((1, 2), "<i4")
    np.savez_compressed(DATA / "numpy_deflated.npz", **arrays)
    np.savez(DATA / "numpy_stored.npz", a=values((2, 3), "<f4"), b=values((4,), "<i8"))

    for version in [(1, 0), (2, 0), (3, 0)]:
        with open(DATA / f"numpy_v{version[0]}.npy", "wb") as file:
            np.lib.format.write_array(file, values((2, 3), "<f4"), version)


main()
