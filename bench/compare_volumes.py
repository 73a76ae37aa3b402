#!/usr/bin/env python3
"""Times reading, writing and resampling of volumes beside MONAI, TorchIO, nibabel, SimpleITK and
what nnU-Net calls, one thread each, in turns: ratios of processor time are what counts.

usage: compare_volumes.py build/volumes [rounds]

Needs Python with nibabel, SimpleITK, monai, torchio, scikit-image and nnU-Net's rule as
scripts/oracles/resample_volume.py has it.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"] = "1"

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nibabel as nib
import numpy as np
import SimpleITK as sitk
import torch
import torchio
from monai.data import MetaTensor
from monai.transforms import LoadImage, Spacing
from skimage.transform import resize

torch.set_num_threads(1)
sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
sitk.ProcessObject.SetGlobalWarningDisplay(False)
rng = np.random.default_rng(0)


def phantom(size):
    """Something as smooth and as noisy as a head, and four organs."""
    grid = np.meshgrid(*[np.linspace(-1, 1, n) for n in size], indexing="ij")
    radius = np.sqrt(sum(g * g for g in grid))
    image = 800 * np.exp(-2 * radius**2) + 60 * np.sin(9 * grid[0] * grid[1]) + rng.normal(0, 20, size)
    labels = np.digitize(radius, [0.2, 0.4, 0.6]).astype(np.uint8)
    return image.astype(np.int16), (3 - labels).astype(np.uint8)


def nnunet_image(x, size):
    return resize(x.astype(float), size, 3, mode="edge", anti_aliasing=False)


def nnunet_labels(x, size):
    result = np.zeros(size, x.dtype)
    for label in np.unique(x):
        one = resize((x == label).astype(float), size, 1, mode="edge", anti_aliasing=False)
        result[one >= 0.5] = label
    return result


def contenders(folder):
    """Name, command for tessera, name of the other, the same in Python."""
    image, labels = phantom((96, 160, 144))
    affine = np.diag([1.1, 0.9, 1.4, 1])
    to = folder / "out.nii.gz"
    paths = {}
    for name, array in [("image", image), ("labels", labels)]:
        volume = nib.Nifti1Image(array.transpose(), affine)
        volume.header.set_zooms((1.1, 0.9, 1.4))
        for ending in ["nii", "nii.gz"]:
            paths[name, ending] = folder / f"{name}.{ending}"
            nib.save(volume, paths[name, ending])
        paths[name, "mha"] = folder / f"{name}.mha"
        sitk.WriteImage(sitk.ReadImage(str(paths[name, "nii"])), paths[name, "mha"], True)
    plain, packed, mha = (str(paths["image", e]) for e in ["nii", "nii.gz", "mha"])
    mask = str(paths["labels", "nii"])
    size = [round(o / n * s) for o, n, s in zip([1.4, 0.9, 1.1], [1, 1, 1], image.shape)]
    loaded, loaded_mask = (MetaTensor(torch.from_numpy(a.transpose()[None].copy()), affine=affine)
                           for a in (image, labels))
    tio_image = torchio.ScalarImage(plain)
    tio_image.load()
    tio_mask = torchio.LabelMap(mask)
    tio_mask.load()
    other = sitk.ReadImage(plain)
    turned = sitk.Image(130, 140, 90, sitk.sitkFloat32)
    turned.SetSpacing((1, 1, 1.5))
    turned.SetOrigin(other.GetOrigin())
    c, s = np.cos(0.1), np.sin(0.1)
    turned.SetDirection((c, -s, 0, s, c, 0, 0, 0, 1) if other.GetDirection()[0] > 0 else
                        (-c, s, 0, -s, -c, 0, 0, 0, 1))
    reference = str(folder / "reference.nii")
    sitk.WriteImage(turned, reference)
    as_float = sitk.Cast(other, sitk.sitkFloat32)
    new = "1 1 1"
    return [
        ("read .nii", f"read {plain}", "MONAI", lambda: LoadImage(image_only=True)(plain)),
        ("read .nii", f"read {plain}", "TorchIO", lambda: torchio.ScalarImage(plain).load()),
        ("read .nii", f"read {plain}", "nibabel", lambda: np.asarray(nib.load(plain).dataobj)),
        ("read .nii.gz", f"read {packed}", "MONAI", lambda: LoadImage(image_only=True)(packed)),
        ("read .nii.gz", f"read {packed}", "TorchIO", lambda: torchio.ScalarImage(packed).load()),
        ("read .nii.gz", f"read {packed}", "nibabel",
         lambda: np.asarray(nib.load(packed).dataobj)),
        ("read .mha", f"read {mha}", "SimpleITK", lambda: sitk.ReadImage(mha)),
        ("write .nii.gz", f"write {plain} nii.gz", "SimpleITK",
         lambda: sitk.WriteImage(other, str(to), True)),
        ("image, nnU-Net's rule", f"image {plain} nnunet {new}", "skimage, as nnU-Net",
         lambda: nnunet_image(image, size)),
        ("labels, nnU-Net's rule", f"labels {mask} nnunet {new}", "skimage, as nnU-Net",
         lambda: nnunet_labels(labels, size)),
        ("image, MONAI's rule", f"image {plain} monai {new}", "MONAI",
         lambda: Spacing((1, 1, 1), mode="bilinear")(loaded)),
        ("labels, MONAI's rule", f"labels {mask} monai {new}", "MONAI",
         lambda: Spacing((1, 1, 1), mode="nearest")(loaded_mask)),
        ("image, linear, 1 mm", f"image {plain} monai {new}", "TorchIO",
         lambda: torchio.Resample(1)(tio_image)),
        ("labels, nearest, 1 mm", f"labels {mask} monai {new}", "TorchIO",
         lambda: torchio.Resample(1)(tio_mask)),
        ("image on another grid", f"like {plain} {reference}", "SimpleITK",
         lambda: sitk.Resample(as_float, turned, sitk.Transform(), sitk.sitkLinear)),
    ]


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    with tempfile.TemporaryDirectory() as folder:
        tessera = subprocess.Popen([os.path.abspath(sys.argv[1])], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True, cwd=folder)
        print(f"{'':24}{'beside':22}{'ours ms':>9}{'theirs ms':>11}{'theirs / ours':>15}")
        for name, command, beside, work in contenders(Path(folder)):
            ours, theirs = [], []
            for turn in range(-1, rounds):
                tessera.stdin.write(command + "\n")
                tessera.stdin.flush()
                answer = float(tessera.stdout.readline())
                begin = time.process_time()
                work()
                seconds = time.process_time() - begin
                if turn >= 0:
                    ours.append(answer)
                    theirs.append(seconds)
            a, b = statistics.median(ours), statistics.median(theirs)
            print(f"{name:24}{beside:22}{1e3 * a:9.1f}{1e3 * b:11.1f}{b / a:15.1f}")
        tessera.stdin.close()
        tessera.wait()


main()
