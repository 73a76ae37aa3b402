#!/usr/bin/env python3
"""Makes tests/data/index_nd.safetensors: gather_nd and scatter_nd, by advanced indexing."""

from record import Recorder

r = Recorder("index_nd")


def scatter_nd(x, updates, i):
    return x.index_put((i[..., 0], i[..., 1]), updates, accumulate=True)


r.case("gather_nd", lambda x, i: x[i[..., 0], i[..., 1]], r.randn(3, 3, 2), r.randint(-3, 3, 2, 4, 2))
r.case("scatter_nd", scatter_nd, r.randn(3, 3, 2), r.randn(2, 4, 2), r.randint(0, 3, 2, 4, 2))
r.save()
