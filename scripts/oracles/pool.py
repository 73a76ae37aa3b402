#!/usr/bin/env python3
"""Records pooling as PyTorch computes it; see record.py."""

import torch.nn.functional as F
from record import Recorder

r = Recorder("pool")


def distinct(*shape):
    """A random permutation of numbers far apart, so that no maximum is tied."""
    x = r.randn(*shape)
    rank = x.flatten().argsort().argsort().reshape(shape).double()
    return (rank - x.numel() // 2) * 0.1 + 0.05


def max_pool(what, f, with_indices, x, *args, **kwargs):
    r.case(what, lambda x: f(x, *args, **kwargs), x)
    r.add(f"{what}/indices", with_indices(x, *args, **kwargs)[1])


max1 = (F.max_pool1d, F.max_pool1d_with_indices)
max2 = (F.max_pool2d, F.max_pool2d_with_indices)
max3 = (F.max_pool3d, F.max_pool3d_with_indices)
max_pool("max 1d", *max1, distinct(2, 2, 9), 3, stride=2, padding=1)
max_pool("max 1d dilation", *max1, distinct(2, 11), 3, stride=1, padding=1, dilation=2)
max_pool("max 2d", *max2, distinct(2, 2, 5, 6), 2)
max_pool("max 2d padding", *max2, distinct(1, 2, 7, 5), (3, 2), stride=(2, 1), padding=(1, 1))
max_pool("max 2d overlap", *max2, distinct(3, 5, 5), 3, stride=1)
max_pool("max 2d ceil", *max2, distinct(1, 2, 6, 7), 3, stride=2, ceil_mode=True)
max_pool("max 2d ceil padding", *max2, distinct(1, 1, 5, 8), 2, stride=3, padding=1, ceil_mode=True)
max_pool("max 2d ceil small", *max2, distinct(1, 1, 2, 2), 3, stride=2, ceil_mode=True)
max_pool("max 2d dilation", *max2, distinct(1, 2, 7, 8), (2, 3), stride=2, padding=1, dilation=(3, 2))
max_pool("max 3d", *max3, distinct(1, 2, 3, 4, 5), 2, stride=(1, 2, 2), padding=1, ceil_mode=True)

ties = r.randint(0, 3, 1, 2, 6, 6).double()
max_pool("max 2d ties", *max2, ties, 3, stride=1, padding=1)
nan = r.randn(1, 1, 4, 6)
nan[0, 0, 1, 1] = nan[0, 0, 1, 2] = float("nan")
nan[0, 0, :2, 4:] = -float("inf")
r.add("max 2d nan/x0", nan)
r.add("max 2d nan/y", F.max_pool2d(nan, 2))
r.add("max 2d nan/indices", F.max_pool2d_with_indices(nan, 2)[1])
whole = r.randint(-100, 100, 1, 2, 5, 5)
r.add("max 2d integers/x0", whole)
r.add("max 2d integers/y", F.max_pool2d(whole, 3, stride=2, padding=1))

r.case("avg 1d", lambda x: F.avg_pool1d(x, 3, stride=2, padding=1), r.randn(2, 2, 9))
r.case("avg 2d", lambda x: F.avg_pool2d(x, 2), r.randn(2, 2, 5, 6))
for inside in (True, False):
    for ceil in (True, False):
        what = f"avg 2d include {inside} ceil {ceil}".lower()
        r.case(
            what,
            lambda x: F.avg_pool2d(x, (3, 2), (2, 3), 1, ceil, inside),
            r.randn(1, 2, 6, 6),
        )
r.case("avg 2d divisor", lambda x: F.avg_pool2d(x, 3, 2, 1, True, divisor_override=5), r.randn(2, 6, 5))
r.case("avg 3d", lambda x: F.avg_pool3d(x, 2, (1, 2, 2), 1, True, False), r.randn(1, 2, 3, 4, 5))

r.case("lp 1d", lambda x: F.lp_pool1d(x, 3, 3, 2), r.rand(2, 2, 7))
r.case("lp 2d", lambda x: F.lp_pool2d(x, 1.5, (2, 3)), r.rand(1, 2, 4, 6))
r.case("lp 3d", lambda x: F.lp_pool3d(x, 2, 2), r.rand(1, 2, 3, 4, 2))

for what, f, x, options, size in [
    ("unpool 1d", "1d", distinct(2, 2, 9), {"kernel_size": 3, "padding": 1}, (9,)),
    ("unpool 2d", "2d", distinct(2, 2, 5, 7), {"kernel_size": 2}, (5, 7)),
    ("unpool 3d", "3d", distinct(1, 2, 4, 4, 2), {"kernel_size": 2, "stride": (2, 3, 2)}, (4, 4, 2)),
]:
    y, indices = getattr(F, f"max_pool{f}_with_indices")(x, **options)
    unpool = getattr(F, f"max_unpool{f}")
    r.case(what, lambda x: unpool(x, indices, **options, output_size=size), y)
    r.add(f"{what}/indices", indices)

r.save()
