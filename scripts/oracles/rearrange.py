#!/usr/bin/env python3
"""Makes tests/data/rearrange.safetensors: roll, repeat, tile, repeat_interleave, tril, triu,
meshgrid."""

from record import Recorder, torch

r = Recorder("rearrange")
r.case("roll", lambda x: torch.roll(x, (2, -1), (1, 0)) * x, r.randn(3, 5))
r.case("repeat", lambda x, y: x.repeat(2, 1, 3) * y, r.randn(2, 2), r.randn(2, 2, 6))
r.case("tile", lambda x, y: torch.tile(x, (3, 2)) * y, r.randn(2, 2, 2), r.randn(2, 6, 4))
r.case("repeat_interleave", lambda x, y: torch.repeat_interleave(x, 2, 1) * y, r.randn(2, 3),
       r.randn(2, 6))
r.case("tril", lambda x: torch.tril(x, 1), r.randn(2, 3, 4))
r.case("triu", lambda x: torch.triu(x, -1), r.randn(2, 3, 4))


def mesh(*x):
    a, b = torch.meshgrid(*x, indexing="xy")
    return a * b


r.case("meshgrid", mesh, r.randn(3), r.randn(2))
r.save()
