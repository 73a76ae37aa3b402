"""Records torchvision.ops.roi_align (needs torchvision), and mode max of ONNX (needs onnx)."""

import numpy as np
from onnx.reference.ops.op_roi_align import RoiAlign
from record import Recorder, torch
from torchvision.ops import roi_align

r = Recorder("roi_align")
# Inside, across an end, outside, turned around, smaller than an element.
BOXES = torch.tensor([[0, 1, 1, 5, 4], [1, -3, 2, 3, 9], [1, 20, 20, 25, 25], [0, 4, 4, 1, 2],
                      [1, 2.2, 2.1, 2.6, 2.4]], dtype=torch.float64)


def case(what, **options):
    x = r.randn(2, 2, 4, 5)
    r.case(what, lambda x: roi_align(x, BOXES, **options), x)


r.add("boxes", BOXES)
case("plain", output_size=2)
case("aligned", output_size=(2, 3), aligned=True)
case("scaled", output_size=(3, 1), spatial_scale=0.5, aligned=True)
case("ratio", output_size=2, sampling_ratio=3)
case("ratio aligned", output_size=2, spatial_scale=0.7, sampling_ratio=1, aligned=True)
for aligned in (False, True):
    x = r.randn(2, 2, 4, 5)
    coordinates = "half_pixel" if aligned else "output_half_pixel"
    y = RoiAlign._run(RoiAlign, x.numpy(), BOXES[:, 1:].numpy(), BOXES[:, 0].long().numpy(),
                      mode="max", coordinate_transformation_mode=coordinates, output_height=2,
                      output_width=3, sampling_ratio=2, spatial_scale=0.9)[0]
    r.add(f"max {aligned}/x", x)
    r.add(f"max {aligned}/y", torch.from_numpy(y))
r.save()
