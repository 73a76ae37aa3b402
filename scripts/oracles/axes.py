#!/usr/bin/env python3
"""Makes tests/data/axes.safetensors: movedim, diagonal, select, flatten."""

from record import Recorder, torch

r = Recorder("axes")
r.case("movedim", lambda x, y: torch.movedim(x, (0, 2), (1, 0)) * y, r.randn(2, 3, 4),
       r.randn(4, 2, 3))
r.case("diagonal", lambda x: torch.diagonal(x, 1, 2, 1) * 3, r.randn(2, 4, 3))
r.case("select", lambda x: torch.select(x, 1, -3), r.randn(2, 4, 3))
r.case("flatten", lambda x: torch.flatten(x, 1, 2) * 2, r.randn(2, 4, 3, 1))
r.save()
