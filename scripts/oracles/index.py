#!/usr/bin/env python3
"""Makes tests/data/index.safetensors: gather, index_select, take, embedding."""

from record import Recorder, torch

r = Recorder("index")
for axis in range(3):
    r.case(f"gather {axis}", lambda x, i: torch.gather(x, axis, i), r.randn(3, 4, 3),
           r.randint(0, 3, 2, 3, 3))
    r.case(f"index_select {axis}", lambda x, i: torch.index_select(x, axis, i), r.randn(3, 4, 3),
           r.randint(0, 3, 5))
r.case("take", torch.take, r.randn(3, 4), r.randint(-12, 12, 2, 5))
r.case("embedding", lambda w, i: torch.nn.functional.embedding(i, w, padding_idx=1), r.randn(4, 3),
       r.randint(0, 4, 3, 5))
r.save()
