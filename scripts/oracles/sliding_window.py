#!/usr/bin/env python3
"""Records where nnU-Net and MONAI put windows, their weights, and MONAI's blended results.

usage: sliding_window.py            writes tests/data/sliding_window.safetensors

Needs numpy, scipy, torch, monai, safetensors. nnU-Net's rules are written out from its sources
(nnunetv2/inference/sliding_window_prediction.py), which need its whole environment to be imported.
"""

from pathlib import Path

import numpy as np
import torch
from monai.data.utils import compute_importance_map, dense_patch_slices
from monai.inferers import sliding_window_inference
from safetensors.numpy import save_file
from scipy.ndimage import gaussian_filter

CASES = [(10, 10), (11, 10), (37, 16), (64, 16), (65, 16), (129, 32), (100, 33), (7, 1), (255, 96)]
OVERLAPS = [0.0, 0.25, 0.5, 0.6]


def nnunet_starts(extent, tile, overlap):
    wanted = tile * (1 - overlap)
    count = int(np.ceil((extent - tile) / wanted)) + 1
    step = (extent - tile) / (count - 1) if count > 1 else 0
    return [int(np.round(step * i)) for i in range(count)]


def monai_starts(extent, tile, overlap):
    step = tile if tile == extent else max(int(tile * (1 - overlap)), 1)
    return [s[0].start for s in dense_patch_slices((extent,), (tile,), (step,))]


def nnunet_weights(tile):
    delta = np.zeros(tile)
    delta[tile // 2] = 1
    weights = gaussian_filter(delta, tile / 8, order=0, mode="constant", cval=0)
    return weights / weights.max()


def toy(x):
    """Something that knows where in its window it is: [1, 1, ...] to two classes."""
    ramp = torch.arange(x.shape[-1], dtype=x.dtype) / 10
    return torch.cat([x * x, x + ramp], 1)


def main():
    record = {}
    for extent, tile in CASES:
        for overlap in OVERLAPS:
            key = f"{extent} {tile} {overlap}"
            record[f"nnunet/{key}"] = np.array(nnunet_starts(extent, tile, overlap), np.int64)
            record[f"monai/{key}"] = np.array(monai_starts(extent, tile, overlap), np.int64)
    for tile in [8, 9, 32]:
        record[f"nnunet gaussian/{tile}"] = nnunet_weights(tile)
        monai = compute_importance_map((tile,), mode="gaussian", sigma_scale=0.125)
        record[f"monai gaussian/{tile}"] = monai.numpy().astype(np.float64)
    random = np.random.default_rng(0)
    for name, shape, window in [("2d", (21, 17), (8, 8)), ("3d", (9, 5, 7), (4, 6, 4))]:
        x = random.standard_normal((1, 1, *shape)).astype(np.float32)
        record[f"{name}/x"] = x
        for mode in ["constant", "gaussian"]:
            for overlap in [0.25, 0.5]:
                y = sliding_window_inference(
                    torch.from_numpy(x), window, 1, toy, overlap=overlap, mode=mode
                )
                record[f"{name}/{mode} {overlap}"] = np.ascontiguousarray(y.numpy())
    save_file(record, Path(__file__).parents[2] / "tests/data/sliding_window.safetensors")


if __name__ == "__main__":
    main()
