"""Records the ONNX reference implementation of Resize along one axis (needs the package onnx)."""

import numpy as np
from onnx.reference.ops.op_resize import Resize
from record import Recorder, torch

COORDINATES = ["half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "align_corners",
               "asymmetric", "tf_crop_and_resize"]
FILTERS = {
    "floor": dict(mode="nearest", nearest_mode="floor"),
    "ceil": dict(mode="nearest", nearest_mode="ceil"),
    "round_prefer_floor": dict(mode="nearest", nearest_mode="round_prefer_floor"),
    "round_prefer_ceil": dict(mode="nearest", nearest_mode="round_prefer_ceil"),
    "linear": dict(mode="linear"),
    "linear antialias": dict(mode="linear", antialias=1),
    "linear antialias exclude": dict(mode="linear", antialias=1, exclude_outside=1),
    "cubic": dict(mode="cubic"),
    "cubic exclude": dict(mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1),
    "cubic antialias": dict(mode="cubic", antialias=1),
}

r = Recorder("resample")
x = r.randn(7)
r.add("x", x)
for name, options in FILTERS.items():
    for coordinates in COORDINATES:
        for scale in (0.3, 0.6, 1.0, 2.6):
            arguments = dict(cubic_coeff_a=-0.75, exclude_outside=0, extrapolation_value=10.0,
                             keep_aspect_ratio_policy="stretch",
                             coordinate_transformation_mode=coordinates) | options
            y = Resize._run(None, x.numpy(), np.array([0.2, 1.1]), scales=[scale], **arguments)[0]
            r.add(f"{name} {coordinates} {scale}", torch.from_numpy(np.array(y)))
r.save()
