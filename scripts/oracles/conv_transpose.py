#!/usr/bin/env python3
"""Records transposed convolutions."""

import torch.nn.functional as F
from record import Recorder

r = Recorder("conv_transpose")


def case(what, function, x, w, bias=True, **options):
    channels = w[1] * options.get("groups", 1)
    inputs = [r.randn(*x), r.randn(*w)] + ([r.randn(channels)] if bias else [])
    r.case(what, lambda *i: function(*i, **options), *inputs)


case("1d", F.conv_transpose1d, [2, 3, 5], [3, 2, 4], stride=2, padding=1)
case("plain", F.conv_transpose2d, [2, 3, 3, 4], [3, 2, 3, 2])
case("up", F.conv_transpose2d, [1, 4, 3, 3], [4, 2, 2, 2], stride=2)
case("output padding", F.conv_transpose2d, [1, 2, 3, 3], [2, 3, 3, 3], stride=(2, 3), padding=1,
     output_padding=(1, 2))
case("dilation", F.conv_transpose2d, [1, 2, 3, 3], [2, 3, 2, 3], dilation=(3, 2), output_padding=1)
case("groups", F.conv_transpose2d, [1, 4, 3, 3], [4, 2, 2, 3], groups=2, stride=2, bias=False)
case("no batch", F.conv_transpose2d, [2, 3, 3], [2, 3, 3, 3], padding=2)
case("3d", F.conv_transpose3d, [1, 2, 2, 3, 2], [2, 2, 2, 2, 3], stride=(2, 1, 2))
r.save()
