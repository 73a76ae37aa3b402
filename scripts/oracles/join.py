#!/usr/bin/env python3
"""Makes tests/data/join.safetensors: cat, stack, split, chunk."""

from record import Recorder, torch

r = Recorder("join")
r.case("cat", lambda *x: torch.cat(x, 1), r.randn(2, 3, 2), r.randn(2, 1, 2), r.randn(2, 0, 2))
r.case("stack", lambda *x: torch.stack(x, 1), r.randn(2, 3), r.randn(2, 3))


def product(parts):
    return parts[0] * parts[1] * parts[2]


r.case("split", lambda x: product(torch.split(x, [1, 3, 1], -1)), r.randn(3, 5))
r.case("chunk", lambda x: product(torch.chunk(x, 3, 1)), r.randn(2, 5))
r.save()
