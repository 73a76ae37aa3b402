#!/usr/bin/env python3
"""Makes tests/data/mask.safetensors: masked_fill, masked_select, nonzero, one_hot."""

from record import Recorder, torch

r = Recorder("mask")
r.case("masked_fill", torch.masked_fill, r.randn(3, 4), r.randint(0, 2, 4).bool(),
       r.randn(1).reshape(()))
r.case("masked_select", torch.masked_select, r.randn(3, 4), r.randint(0, 2, 3, 1).bool())
r.case("nonzero", torch.nonzero, r.randint(0, 2, 2, 3, 2))
r.case("one_hot", torch.nn.functional.one_hot, r.randint(0, 4, 2, 3))
r.save()
