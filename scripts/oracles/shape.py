#!/usr/bin/env python3
"""Makes tests/data/shape.safetensors: permute, expand, slices, flip."""

from record import Recorder

r = Recorder("shape")
r.case("permute", lambda x: x.permute(2, 0, 1) * x.reshape(4, 2, 3), r.randn(2, 3, 4))
r.case("expand", lambda x, y: x.expand(2, -1, 3) * y, r.randn(4, 1), r.randn(2, 4, 3))
r.case("slice", lambda x: x[1:-1:2, -3:], r.randn(6, 5, 2))
r.case("flip", lambda x: x.flip(1, 2) * x, r.randn(2, 3, 2))
r.save()
