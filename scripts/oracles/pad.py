#!/usr/bin/env python3
"""Makes tests/data/pad.safetensors: the four modes of pad."""

import torch.nn.functional as F
from record import Recorder

r = Recorder("pad")
for mode in ["constant", "reflect", "replicate", "circular"]:
    value = 1.5 if mode == "constant" else None
    r.case(f"{mode} 1D", lambda x: F.pad(x, (2, 3), mode, value), r.randn(2, 1, 4))
    r.case(f"{mode} 2D", lambda x: F.pad(x, (1, 2, 3, 0), mode, value), r.randn(1, 2, 4, 3))
    r.case(f"{mode} 3D", lambda x: F.pad(x, (1, 0, 0, 2, 1, 1), mode, value), r.randn(1, 1, 2, 3, 2))
r.case("crop", lambda x: F.pad(x, (-1, 2, 1, -2), value=-1), r.randn(4, 3))
r.save()
