"""Runs `tessera eval` and the libraries it imitates on the same masks, and compares every number.

Random pictures and volumes (blobs, noise, touching the edge, single voxels, wide rows, anisotropic
spacing, empty on either side) and the fixtures of tests/nn/metric/fixtures.h are written as NIfTI;
MedPy, MONAI, DeepMind's surface-distance, OpenCV (contours as JMedSeg uses them, boundary IoU) and
SciPy (components) measure the arrays, and the program the files. Prints one line for each library
and metric with the largest difference; exits with 1 when one is above its tolerance.

Needs `pip install medpy monai surface-distance nibabel opencv-python-headless`.

usage: python scripts/oracles/metrics.py build/tessera [cases] [seed]
"""

import json
import math
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import cv2
import nibabel
import numpy as np
import scipy.ndimage as ndimage
import torch

warnings.filterwarnings("ignore")
np.seterr(all="ignore")
# Names that surface-distance uses and that its dependencies dropped since.
np.Inf, np.NaN = np.inf, np.nan
ndimage.filters = ndimage.morphology = ndimage
# MedPy expects Python's integers, whose division by zero it catches; NumPy 2 returns its own.
count_nonzero = np.count_nonzero
np.count_nonzero = lambda a, axis=None: int(count_nonzero(a)) if axis is None else count_nonzero(a, axis)
# torch.quantile computes the rank of the quantile in the type of its input; in f32 that moves the
# place between two neighbours by up to 1e-4, which is more than all other rounding of MONAI together.
quantile = torch.quantile
torch.quantile = lambda x, q: quantile(x.double(), q).float()

import monai.metrics as monai  # noqa: E402
import surface_distance as deepmind  # noqa: E402
from medpy.metric import binary as medpy  # noqa: E402


def ball(shape, center, radius, scale=None):
    scale = scale or [1] * len(shape)
    grid = np.indices(shape)
    return sum(((grid[i] - center[i]) * scale[i]) ** 2 for i in range(len(shape))) <= radius**2


def fixtures():
    a = ball((32, 32), (15, 15), 8), ball((32, 32), (17, 14), 9)
    yield "A", *a, (1, 1)
    yield "B", *a, (2, 0.5)
    c = np.zeros((2, 16, 16), bool)
    c[0, :6, :6] = c[1, 1:8, :7] = True
    yield "C", c[0], c[1], (1, 1)
    mm = (3, 0.8, 0.8)
    yield "D", ball((12, 24, 20), (5, 11, 9), 7, mm), ball((12, 24, 20), (6, 12, 10), 8, mm), mm
    e = ball((16,) * 3, (7, 7, 7), 4)
    e[13:15, 13:15, 13:15] = True
    yield "E", e, ball((16,) * 3, (8, 7, 7), 4), (1, 1, 1)
    j = np.zeros((2, 12, 12), bool)
    j[0, 3, 3] = j[1, 7, 6] = True
    yield "J", j[0], j[1], (1, 1)


def blob(rng, shape):
    """A smooth random region; whatever reaches the edge is cut off there."""
    noise = ndimage.gaussian_filter(rng.normal(size=shape), rng.uniform(0.5, 3), mode="wrap")
    return noise > np.quantile(noise, rng.uniform(0.5, 0.98))


def random_cases(count, seed):
    rng = np.random.default_rng(seed)
    for i in range(count):
        if i % 2:
            shape = tuple(rng.integers(2, 40, 2)) if i % 4 == 1 else (rng.integers(5, 30), 150)
        else:
            shape = tuple(rng.integers(2, 22, 3)) if i % 4 == 0 else (3, rng.integers(4, 9), 140)
        spacing = tuple(rng.choice([0.3, 0.5, 0.7, 0.8, 1, 1.25, 2, 3, 5], len(shape)))
        g = blob(rng, shape)
        p = np.roll(g, rng.integers(-2, 3), rng.integers(len(shape))) ^ (rng.random(shape) < 0.01)
        kind = i % 16
        if kind == 3:
            p = blob(rng, shape)  # nothing in common
        if kind == 5 or kind == 6:
            p = rng.random(shape) < 0.3  # noise
        if kind == 7 or kind == 8:
            p = np.zeros(shape, bool)
            p[tuple(rng.integers(0, s) for s in shape)] = True
        if kind == 9 or kind == 10:
            p = np.zeros(shape, bool)
        if kind == 11 or kind == 12:
            g = np.zeros(shape, bool)
        if kind == 13 or kind == 14:
            g = np.zeros(shape, bool)
            p = g.copy() if kind == 13 else np.ones(shape, bool)
        if kind == 15:
            p = np.ones(shape, bool)
        yield f"r{i:03}", p, g, spacing


def or_nan(f):
    try:
        return float(f())
    except (RuntimeError, ZeroDivisionError):
        return math.nan


def of_medpy(p, g, s):
    yield "dice", or_nan(lambda: medpy.dc(p, g))
    yield "iou", or_nan(lambda: medpy.jc(p, g))
    for name, f in (("precision", medpy.precision), ("recall", medpy.recall), ("specificity", medpy.specificity)):
        yield name, or_nan(lambda f=f: f(p, g))
    yield "rvd", or_nan(lambda: medpy.ravd(p, g)) if g.any() else math.nan
    for name, f in (("hd", medpy.hd), ("hd95", medpy.hd95), ("asd", medpy.asd), ("assd", medpy.assd)):
        yield name, or_nan(lambda f=f: f(p, g, s))
    yield "asd_back", or_nan(lambda: medpy.asd(g, p, s))


def of_monai(p, g, s):
    a, b = (torch.tensor(m)[None, None] for m in (p, g))
    a, b = a.float(), b.float()
    yield "dice", monai.compute_dice(a, b).item()
    yield "iou", monai.compute_iou(a, b).item()
    table = monai.get_confusion_matrix(a, b)
    for name, key in (("precision", "precision"), ("recall", "sensitivity"), ("specificity", "specificity")):
        yield name, monai.compute_confusion_matrix_metric(key, table).item()
    options = {"include_background": True, "spacing": s}
    yield "hd", monai.compute_hausdorff_distance(a, b, **options).item()
    yield "hd95", monai.compute_hausdorff_distance(a, b, percentile=95, **options).item()
    if p.any() and g.any():
        yield "hd_directed@95", monai.compute_hausdorff_distance(a, b, percentile=95, directed=True, **options).item()
    yield "asd", monai.compute_average_surface_distance(a, b, **options).item()
    yield "assd", monai.compute_average_surface_distance(a, b, symmetric=True, **options).item()
    for tau in (1, 2):
        yield f"nsd@{tau}", monai.compute_surface_dice(a, b, [tau], **options).item()


def of_deepmind(p, g, s):
    d = deepmind.compute_surface_distances(g, p, s)
    yield "dice", deepmind.compute_dice_coefficient(g, p)
    yield "hd", deepmind.compute_robust_hausdorff(d, 100)
    yield "hd95", deepmind.compute_robust_hausdorff(d, 95)
    back, there = deepmind.compute_average_surface_distance(d)
    yield "asd", there
    yield "asd_back", back
    for tau in (1, 2):
        yield f"nsd@{tau}", deepmind.compute_surface_dice_at_tolerance(d, tau)


def contours(mask):
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.concatenate([c[:, 0] for c in found]).astype(float) if found else np.zeros((0, 2))


def of_jmedseg(p, g, s):
    averages, largest = [], []
    for a, b in zip(p, g) if p.ndim == 3 else [(p, g)]:
        a, b = contours(a), contours(b)
        if len(a) and len(b):
            d = np.linalg.norm(a[:, None] - b[None], axis=2)
            averages.append(0.5 * (d.min(0).mean() + d.min(1).mean()) * s[-1])
            largest.append(max(d.min(0).max(), d.min(1).max()) * s[-1])
    yield "assd", np.mean(averages) if averages else math.nan
    yield "hd", np.mean(largest) if largest else math.nan


def boundary(mask, width):
    padded = np.pad(mask, 1)
    return mask & ~ndimage.binary_erosion(padded, np.ones((3,) * mask.ndim), width)[(slice(1, -1),) * mask.ndim]


def of_definitions(p, g, s):
    """What no library here has: boundary IoU as its authors publish it, components by SciPy."""
    width = max(1, int(math.floor(0.02 * math.sqrt(sum(n * n for n in p.shape)) + 0.5)))
    a, b = boundary(p, width), boundary(g, width)
    yield "boundary_iou", (a & b).sum() / (a | b).sum() if (a | b).any() else math.nan
    structure = np.ones((3,) * p.ndim)
    parts, truth = ndimage.label(p, structure), ndimage.label(g, structure)
    if not g.any() and not p.any():
        return
    met = [np.unique(parts[0][truth[0] == i + 1]) for i in range(truth[1])]
    met = [m[m > 0] for m in met]
    confirmed = {int(k) for m in met for k in m}
    dice = 0.0
    for i, m in enumerate(met):
        lesion, around = truth[0] == i + 1, np.isin(parts[0], m)
        dice += 2 * (lesion & around).sum() / (lesion.sum() + around.sum())
    yield "lesion_dice", dice / (truth[1] + parts[1] - len(confirmed))
    if truth[1]:
        yield "lesion_recall", sum(len(m) > 0 for m in met) / truth[1]
    if parts[1]:
        yield "lesion_precision", len(confirmed) / parts[1]


LIBRARIES = {
    "medpy": (of_medpy, 1e-9),
    "monai": (of_monai, 1e-5),
    "deepmind": (of_deepmind, 1e-9),
    "jmedseg": (of_jmedseg, 1e-9),
    "tessera": (of_definitions, 1e-12),
}


def save(mask, spacing, path):
    image = nibabel.Nifti1Image(mask.T.astype(np.uint8), np.diag([*(spacing[::-1] + (1, 1))[:3], 1]))
    image.header.set_zooms(spacing[::-1])
    nibabel.save(image, path)


def number(value):
    return math.nan if value is None else float(value)


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 320
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    # Headers hold spacings as f32.
    cases = [(n, p, g, tuple(float(np.float32(x)) for x in s))
             for n, p, g, s in [*fixtures(), *random_cases(count, seed)]]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for part in ("ref", "pred"):
            (folder / part).mkdir()
        for name, p, g, s in cases:
            save(g, s, folder / "ref" / f"{name}.nii")
            save(p, s, folder / "pred" / f"{name}.nii")
        print(f"{len(cases)} cases, seed {seed}")
        for library, (measure, tolerance) in LIBRARIES.items():
            expected = {name: dict(measure(p, g, s)) for name, p, g, s in cases}
            metrics = list(dict.fromkeys(m for values in expected.values() for m in values))
            subprocess.run(
                [program, "eval", folder / "ref", folder / "pred", "--out", folder / "out", "--convention", library,
                 "--metrics", ",".join(metrics), "--labels", "1", "--pictures", "0", "--resamples", "1", "--quiet"],
                check=True, stdout=subprocess.DEVNULL)
            got = json.loads((folder / "out" / "metrics.json").read_text())["cases"]
            for metric in metrics:
                worst, where, compared, special = 0.0, "", 0, 0
                for name, values in expected.items():
                    if metric not in values:
                        continue
                    compared += 1
                    want, have = values[metric], number(got[name]["1"][metric])
                    if not math.isfinite(want) or not math.isfinite(have):
                        special += 1
                        same = want == have or (math.isnan(want) and math.isnan(have))
                        difference = 0.0 if same else math.inf
                    else:
                        difference = abs(want - have) / max(abs(want), 1e-300) if want != have else 0.0
                    if difference > worst:
                        worst, where = difference, f"{name}: {want} and {have}"
                bad = worst > tolerance
                failures += bad
                print(f"{library:9} {metric:16} {compared:4} values, {special:3} not finite, largest relative "
                      f"difference {worst:.1e}{'  WRONG at ' + where if bad else ''}")
    print("all agree" if failures == 0 else f"{failures} metrics disagree")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
