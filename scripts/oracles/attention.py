#!/usr/bin/env python3
"""Records scaled dot product attention."""

import torch.nn.functional as F
from record import Recorder, torch

r = Recorder("attention")


def case(what, q, k, v, mask=None, **options):
    inputs = [r.randn(*q), r.randn(*k), r.randn(*v)] + ([mask] if mask is not None else [])
    r.case(what, lambda *i: F.scaled_dot_product_attention(*i, **options), *inputs)


allowed = r.rand(3, 4) < 0.5
allowed[0] = True
allowed[1] = False
added = r.randn(1, 3, 4)
added[0, 1] = -torch.inf
added[0, 2, 1] = -torch.inf
case("plain", [2, 3, 4], [2, 5, 4], [2, 5, 3])
case("causal", [3, 4], [4, 4], [4, 2], is_causal=True)
case("causal, more queries", [4, 2], [2, 2], [2, 2], is_causal=True)
case("scale", [2, 3, 2], [2, 2, 2], [2, 2, 2], scale=-0.3)
case("mask", [2, 3, 4], [2, 4, 4], [2, 4, 2], mask=allowed)
case("added mask", [2, 3, 4], [2, 4, 4], [2, 4, 2], mask=added)
case("shared heads", [1, 4, 2, 2], [1, 2, 3, 2], [1, 2, 3, 2], enable_gqa=True)
case("shared heads and mask", [4, 3, 2], [2, 4, 2], [2, 4, 2], mask=added.repeat(4, 1, 1),
     enable_gqa=True)
r.save()
