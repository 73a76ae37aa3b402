#!/usr/bin/env python3
"""Round trips of random volumes between tessera and the libraries that others use.

A library writes a volume, `tessera convert` makes every other format of it, and the library of that
format must read the same voxels at the same places in the patient: voxels exactly, the affine to
1e-5 mm. `tessera reorient` is compared with nibabel, exactly, and `tessera resample` with MONAI and
SimpleITK. Prints a table; the exit status is 1 when anything differs.

usage: check_volumes.py build/tessera [volumes of each kind]

Needs Python with nibabel, SimpleITK, pynrrd, tifffile, Pillow, pydicom and monai.
"""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import nibabel as nib
import nrrd
import numpy as np
import SimpleITK as sitk
import tifffile
import torch
from monai.data import MetaTensor
from monai.transforms import Spacing
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform
from PIL import Image
from scipy.spatial.transform import Rotation

TESSERA = Path(sys.argv[1]).resolve()
COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 20
LPS = np.diag([-1.0, -1, 1, 1])
rng = np.random.default_rng(0)
passed, failed = Counter(), Counter()


def tessera(*words):
    done = subprocess.run([TESSERA, *map(str, words), "--quiet"], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)


def check(what, same):
    (passed if same else failed)[what] += 1


# A volume is (array [D, H, W], affine of RAS whose columns are x, y, z of the file).
def write_nibabel(path, array, affine):
    image = nib.Nifti1Image(array.transpose(), affine)
    image.header.set_data_dtype(array.dtype)
    nib.save(image, path)


def read_nibabel(path):
    image = nib.load(path)
    return np.asarray(image.dataobj).transpose(), image.affine


def itk_image(array, affine):
    image = sitk.GetImageFromArray(array)
    lps = LPS @ affine
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((lps[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin(lps[:3, 3].tolist())
    return image


def write_itk(path, array, affine):
    sitk.WriteImage(itk_image(array, affine), path, bool(rng.integers(2)))


def read_itk(path):
    image = sitk.ReadImage(str(path))
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return sitk.GetArrayFromImage(image), LPS @ affine


def write_nrrd(path, array, affine):
    lps = LPS @ affine
    header = {"space": "left-posterior-superior", "space directions": lps[:3, :3].T,
              "space origin": lps[:3, 3], "endian": rng.choice(["little", "big"]),
              "encoding": rng.choice(["raw", "gzip"])}
    nrrd.write(str(path), array.transpose(), header)


def read_nrrd(path):
    array, header = nrrd.read(str(path))
    affine = np.eye(4)
    affine[:3, :3] = np.array(header["space directions"]).T
    affine[:3, 3] = header["space origin"]
    return array.transpose(), LPS @ affine


def write_npz(path, array, affine):
    np.savez(path, voxels=array, affine=affine[:, [2, 1, 0, 3]])


def read_npz(path):
    archive = np.load(path)
    return archive["voxels"], archive["affine"][:, [2, 1, 0, 3]]


FORMATS = {
    "nii": [(write_nibabel, read_nibabel), (write_itk, read_itk)],
    "nii.gz": [(write_nibabel, read_nibabel), (write_itk, read_itk)],
    "mha": [(write_itk, read_itk)],
    "mhd": [(write_itk, read_itk)],
    "nrrd": [(write_nrrd, read_nrrd), (write_itk, read_itk)],
    "nhdr": [(write_itk, read_itk)],
    "npz": [(write_npz, read_npz)],
}
TYPES = ["u1", "i2", "u2", "i4", "f4", "f8"]


def random_volume(dtype):
    shape = rng.integers(2, 9, 3)
    if np.dtype(dtype).kind == "f":
        array = rng.normal(0, 100, shape).astype(dtype)
    else:
        info = np.iinfo(dtype)
        array = rng.integers(info.min, info.max, shape, dtype, endpoint=True)
    turn = Rotation.random(random_state=rng).as_matrix()[:, rng.permutation(3)]
    affine = np.eye(4)
    affine[:3, :3] = turn * rng.choice([-1, 1], 3) * rng.uniform(0.3, 5, 3)
    affine[:3, 3] = rng.uniform(-200, 200, 3)
    return array, affine


def upright(affine):
    """The affine with its axes along those of the patient. For oblique ones MONAI's origin depends
    on rounding: it aligns first voxels, or centres when axes are not exactly perpendicular."""
    straight = np.diag([0.0, 0, 0, 1])
    straight[:3, 3] = affine[:3, 3].astype("f4")
    spacing = np.linalg.norm(affine[:3, :3], axis=0).astype("f4")
    for axis, row in enumerate(rng.permutation(3)):
        straight[row, axis] = spacing[axis] * rng.choice([-1, 1])
    return straight


def same(got, expected):
    array, affine = got
    return (array.shape == expected[0].shape and np.array_equal(array, expected[0])
            and np.allclose(affine, expected[1], rtol=0, atol=3e-5))


def round_trips(folder):
    for dtype in TYPES:
        for _ in range(COUNT):
            volume = random_volume(dtype)
            source = rng.choice(list(FORMATS))
            writer, _ = FORMATS[source][rng.integers(len(FORMATS[source]))]
            path = folder / f"in.{source}"
            writer(path, *volume)
            for target, libraries in FORMATS.items():
                to = folder / f"out.{target}"
                tessera("convert", path, "--out", to, "--force",
                        "--compress" if rng.integers(2) else "--no-compress")
                for _, reader in libraries:
                    got = reader(to)
                    # What was 16 bits in NumPy's files becomes i32, and so does what is written to them.
                    kept = got[0].dtype == np.dtype(dtype) or "npz" in (source, target)
                    check(f"{writer.__name__[6:]} .{source} to {reader.__name__[5:]}",
                          same(got, volume) and kept)


def pictures(folder):
    for dtype in ["u1", "u2"]:
        for _ in range(COUNT):
            array = rng.integers(0, np.iinfo(dtype).max, rng.integers(1, 30, 2), dtype, True)
            Image.fromarray(array).save(folder / "in.png")
            tessera("convert", folder / "in.png", "--out", folder / "out.tif", "--force")
            check("Pillow .png to tifffile", np.array_equal(tifffile.imread(folder / "out.tif"), array))
            tessera("convert", folder / "out.tif", "--out", folder / "out.png", "--force")
            check("tifffile to Pillow .png", np.array_equal(Image.open(folder / "out.png"), array))
    for dtype in ["u1", "i2", "u2", "f4"]:
        for _ in range(COUNT):
            array, affine = random_volume(dtype)
            tifffile.imwrite(folder / "in.tif", array, photometric="minisblack",
                             compression=rng.choice(["none", "zlib"]), byteorder=rng.choice(["<", ">"]))
            tessera("convert", folder / "in.tif", "--out", folder / "out.nii", "--force")
            check("tifffile .tif to nibabel", np.array_equal(read_nibabel(folder / "out.nii")[0], array))
            write_nibabel(folder / "in.nii", array, affine)
            tessera("convert", folder / "in.nii", "--out", folder / "out.tif", "--force")
            check("nibabel to tifffile .tif", np.array_equal(tifffile.imread(folder / "out.tif"), array))


def reorientations(folder):
    for _ in range(COUNT):
        array, affine = random_volume("i2")
        write_nibabel(folder / "in.nii", array, affine)
        image = nib.load(folder / "in.nii")
        codes = "".join(rng.permutation([rng.choice(list(pair)) for pair in ["RL", "AP", "SI"]]))
        tessera("reorient", folder / "in.nii", "--to", codes, "--out", folder / "out.nii", "--force")
        turned = image.as_reoriented(
            ornt_transform(io_orientation(image.affine), axcodes2ornt(codes)))
        expected = np.asarray(turned.dataobj).transpose(), turned.affine
        check("reorient, as nibabel", same(read_nibabel(folder / "out.nii"), expected))


def resamplings(folder):
    for _ in range(COUNT):
        array, affine = random_volume("f4")
        affine = upright(affine)
        write_nibabel(folder / "in.nii", array, affine)
        spacing = rng.uniform(0.5, 4, 3)
        text = ",".join(map(str, spacing[::-1]))
        tessera("resample", folder / "in.nii", "--spacing", text, "--rule", "monai", "--out",
                folder / "out.nii", "--force")
        tensor = MetaTensor(torch.from_numpy(array.transpose()[None].copy()).double(), affine=affine)
        result = Spacing(spacing, mode="bilinear")(tensor)
        got, got_affine = read_nibabel(folder / "out.nii")
        expected = result.as_tensor()[0].numpy().transpose()
        check("resample --spacing, as MONAI",
              got.shape == expected.shape and np.abs(got - expected).max() < 2e-3
              and np.allclose(got_affine, result.affine, rtol=0, atol=1e-3))

        reference, reference_affine = random_volume("u1")
        reference_affine[:3, 3] = affine[:3, 3] + rng.uniform(-5, 5, 3)
        write_nibabel(folder / "ref.nii", reference, reference_affine)
        tessera("resample", folder / "in.nii", "--like", folder / "ref.nii", "--out",
                folder / "out.nii", "--force")
        grid = itk_image(*read_nibabel(folder / "ref.nii"))
        expected = sitk.GetArrayFromImage(sitk.Resample(
            itk_image(array, affine), grid, sitk.Transform(), sitk.sitkLinear, 0.0))
        got, _ = read_nibabel(folder / "out.nii")
        # On the border itself rounding decides what is outside.
        check("resample --like, as SimpleITK", np.mean(np.abs(got - expected) > 2e-3) < 0.01)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for part in [round_trips, pictures, reorientations, resamplings]:
            part(Path(folder))
    rows = sorted({*passed, *failed})
    for row in rows:
        print(f"{row:40}{passed[row]:6} same{failed[row]:6} different")
    print(f"{'all':40}{sum(passed.values()):6} same{sum(failed.values()):6} different")
    return 1 if failed else 0


os.environ["OMP_NUM_THREADS"] = "1"
sys.exit(main())
