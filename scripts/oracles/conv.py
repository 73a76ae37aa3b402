#!/usr/bin/env python3
"""Records convolutions."""

import torch.nn.functional as F
from record import Recorder

r = Recorder("conv")


def case(what, function, x, w, bias=True, **options):
    inputs = [r.randn(*x), r.randn(*w)] + ([r.randn(w[0])] if bias else [])
    r.case(what, lambda *i: function(*i, **options), *inputs)


case("1d", F.conv1d, [2, 3, 7], [4, 3, 3], stride=2, padding=1)
case("plain", F.conv2d, [2, 3, 5, 6], [4, 3, 3, 2])
case("padding", F.conv2d, [1, 2, 5, 4], [3, 2, 3, 3], padding=(1, 2))
case("stride", F.conv2d, [1, 2, 7, 6], [2, 2, 3, 2], stride=(2, 3), padding=1)
case("dilation", F.conv2d, [1, 2, 7, 6], [2, 2, 3, 2], dilation=(2, 3), padding=(0, 1))
case("groups", F.conv2d, [2, 4, 4, 4], [6, 2, 3, 3], groups=2, padding=1)
case("depthwise", F.conv2d, [1, 3, 5, 5], [6, 1, 3, 3], groups=3, padding=1, bias=False)
case("same", F.conv2d, [1, 2, 5, 4], [2, 2, 4, 3], padding="same", dilation=(1, 2))
case("no batch", F.conv2d, [2, 4, 4], [3, 2, 3, 3])
case("pointwise", F.conv2d, [2, 5, 3, 3], [4, 5, 1, 1])
case("3d", F.conv3d, [1, 2, 4, 5, 4], [2, 2, 2, 3, 2], stride=(1, 2, 1), padding=(1, 0, 1))
r.save()
