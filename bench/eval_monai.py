"""Times `tessera eval` beside MONAI on the same folders of volumes, in turn.

Makes `cases` pairs of label volumes (a large organ, a smaller one and three lesions; the prediction
is moved and roughened) as .nii.gz with anisotropic spacing. Both sides read the files and compute
Dice, IoU, HD95, ASSD and the surface Dice at 1 mm of both classes of every case. MONAI runs as its
documentation has it: one-hot tensors, metric functions without the background, in one process that
has imported everything before the clock starts, with the threads of PyTorch. The means are compared.

Needs `pip install monai nibabel scipy`.

usage: python bench/eval_monai.py build/tessera [cases] [size] [rounds]
"""

import json
import math
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import monai.metrics as monai
import nibabel
import numpy as np
import scipy.ndimage as ndimage
import torch

warnings.filterwarnings("ignore")
METRICS = ("dice", "iou", "hd95", "assd", "nsd")
SPACING = (2.0, 0.75, 0.75)  # f32 holds these exactly


def masks(rng, size):
    shape = (size // 2, size, size)
    grid = np.indices(shape)

    def ball(center, radius, axes):
        return sum(((grid[i] - center[i]) / (radius * axes[i])) ** 2 for i in range(3)) <= 1

    def organs(shift, rough):
        mask = np.zeros(shape, np.uint8)
        center = np.array(shape) * 0.5 + shift
        mask[ball(center, size * 0.28 + rough, (0.5, 1.2, 0.9))] = 1
        mask[ball(center + [0, size * 0.1, size * 0.05], size * 0.1 + rough, (0.5, 1, 1.3))] = 2
        for place in lesions:
            mask[ball(place + shift, size * 0.03 + rough, (0.5, 1, 1))] = 2
        return mask

    lesions = [np.array(shape) * rng.uniform(0.2, 0.8, 3) for _ in range(3)]
    prediction = organs(rng.normal(size=3) * [0.5, 1.5, 1.5], rng.uniform(-1, 1))
    noise = ndimage.gaussian_filter(rng.normal(size=shape), (1, 2, 2))
    prediction[(noise > 0.12) & (prediction > 0)] = 0
    return organs(np.zeros(3), 0), prediction


def monai_means(folder, names):
    values = {metric: [] for metric in METRICS}
    for name in names:
        p, g = (nibabel.load(folder / part / name) for part in ("pred", "ref"))
        spacing = tuple(float(s) for s in g.header.get_zooms())
        p, g = (torch.from_numpy(np.asarray(v.dataobj).astype(np.int64))[None] for v in (p, g))
        p, g = (torch.nn.functional.one_hot(v, 3).movedim(-1, 1) for v in (p, g))
        options = {"include_background": False}
        spaced = {**options, "spacing": spacing}
        values["dice"].append(monai.compute_dice(p, g, **options))
        values["iou"].append(monai.compute_iou(p, g, **options))
        values["hd95"].append(monai.compute_hausdorff_distance(p, g, percentile=95, **spaced))
        values["assd"].append(monai.compute_average_surface_distance(p, g, symmetric=True, **spaced))
        values["nsd"].append(monai.compute_surface_dice(p, g, [1, 1], **spaced))
    return {metric: float(torch.cat(v).nanmean()) for metric, v in values.items()}


def tessera_means(program, folder):
    subprocess.run([program, "eval", folder / "ref", folder / "pred", "--out", folder / "out", "--convention", "monai",
                    "--metrics", ",".join(METRICS), "--pictures", "0", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return {k: v["mean"] for k, v in json.loads((folder / "out" / "metrics.json").read_text())["all"].items()}


def main():
    program = sys.argv[1]
    given = [int(a) for a in sys.argv[2:5]]
    cases, size, rounds = given + [100, 128, 3][len(given) :]
    rng = np.random.default_rng(0)
    seconds = {"tessera": [], "monai": []}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        names = [f"case{i:03}.nii.gz" for i in range(cases)]
        for name in names:
            for part, mask in zip(("ref", "pred"), masks(rng, size)):
                (folder / part).mkdir(exist_ok=True)
                image = nibabel.Nifti1Image(mask.T, np.diag([*SPACING[::-1], 1]))
                nibabel.save(image, folder / part / name)
        for _ in range(rounds):
            for side, run in (("monai", lambda: monai_means(folder, names)),
                              ("tessera", lambda: tessera_means(program, folder))):
                begin = time.perf_counter()
                result = run()
                seconds[side].append(time.perf_counter() - begin)
                print(f"{side:8} {seconds[side][-1]:8.2f} s  " + "  ".join(f"{k} {v:.6f}" for k, v in result.items()), flush=True)
                if side == "monai":
                    expected = result
                elif any(not math.isclose(result[k], expected[k], rel_tol=1e-5) for k in METRICS):
                    sys.exit("the means differ")
    ratios = sorted(m / t for m, t in zip(seconds["monai"], seconds["tessera"]))
    print(f"{cases} volumes {size // 2} x {size} x {size}, {torch.get_num_threads()} threads each: tessera is "
          f"{ratios[len(ratios) // 2]:.1f} times faster (rounds: {', '.join(f'{r:.1f}' for r in ratios)})")


if __name__ == "__main__":
    main()
