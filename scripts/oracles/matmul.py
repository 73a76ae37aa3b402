#!/usr/bin/env python3
"""Records matrix products."""

import torch.nn.functional as F
from record import Recorder, torch

r = Recorder("matmul")
for what, a, b in [
    ("mm", [3, 5], [5, 4]),
    ("batch", [3, 2, 4], [3, 4, 2]),
    ("broadcast", [2, 1, 2, 3], [3, 3, 2]),
    ("folded", [2, 3, 4], [4, 2]),
    ("vector", [4], [2, 4, 3]),
    ("column", [2, 3, 4], [4]),
    ("large", [11, 40], [40, 13]),
]:
    r.case(what, torch.matmul, r.randn(*a), r.randn(*b))
r.case("linear", F.linear, r.randn(2, 3, 4), r.randn(5, 4), r.randn(5))
r.case(
    "addmm",
    lambda x, a, b: torch.addmm(x, a, b, beta=0.5, alpha=3),
    r.randn(4), r.randn(3, 2), r.randn(2, 4),
)
r.save()
