#!/usr/bin/env python3
"""Records adaptive pooling as PyTorch computes it; see record.py."""

import torch.nn.functional as F
from record import Recorder

r = Recorder("adaptive_pool")

r.case("avg 1d", lambda x: F.adaptive_avg_pool1d(x, 3), r.randn(2, 2, 7))
r.case("avg 2d", lambda x: F.adaptive_avg_pool2d(x, (3, 2)), r.randn(2, 2, 5, 6))
r.case("avg 2d finer", lambda x: F.adaptive_avg_pool2d(x, (5, 1)), r.randn(2, 3, 4))
r.case("avg 2d keep", lambda x: F.adaptive_avg_pool2d(x, (None, 2)), r.randn(1, 2, 3, 5))
r.case("avg 3d", lambda x: F.adaptive_avg_pool3d(x, (2, 3, 2)), r.randn(1, 2, 3, 4, 5))

for name, f, size, x in [
    ("max 1d", F.adaptive_max_pool1d_with_indices, 3, r.randn(2, 2, 7)),
    ("max 2d", F.adaptive_max_pool2d_with_indices, (3, 2), r.randn(2, 2, 5, 6)),
    ("max 2d ties", F.adaptive_max_pool2d_with_indices, 2, r.randint(0, 3, 1, 2, 5, 5).double()),
    ("max 3d", F.adaptive_max_pool3d_with_indices, (2, 3, 2), r.randn(1, 2, 3, 4, 5)),
]:
    r.case(name, lambda x, f=f, size=size: f(x, size)[0], x)
    r.add(f"{name}/indices", f(x, size)[1])

r.save()
