#!/usr/bin/env python3
"""Makes tests/data/scatter.safetensors: scatter_reduce and index_reduce."""

from record import Recorder, torch

r = Recorder("scatter")


def of_elements(x, src, i, reduce, include_self):
    if reduce == "set":
        return torch.scatter(x, 0, i, src)
    return torch.scatter_reduce(x, 0, i, src, reduce, include_self=include_self)


def of_slices(x, src, i, reduce, include_self):
    if reduce == "set":
        return torch.index_copy(x, 1, i, src)
    if reduce == "sum":  # index_reduce has none
        return torch.scatter_reduce(x, 1, i[None, :, None].expand_as(src), src, reduce,
                                    include_self=include_self)
    return torch.index_reduce(x, 1, i, src, reduce, include_self=include_self)


for reduce in ["set", "sum", "prod", "mean", "amin", "amax"]:
    for include_self in [True, False]:
        suffix = f" {reduce}" + ("" if include_self else " without self")
        # torch has no gradient where src is larger than the index, and a wrong one for values that
        # are overwritten, so there are none of these.
        once = torch.stack([torch.randperm(3, generator=r.generator)[:2] for _ in range(3)], 1)
        index = once if reduce == "set" else r.randint(0, 3, 5, 3)
        r.case("elements" + suffix, lambda x, s, i: of_elements(x, s, i, reduce, include_self),
               r.randn(3, 4), r.randn(*index.shape), index)
        slices = torch.randperm(4, generator=r.generator)[:3]
        r.case("slices" + suffix, lambda x, s, i: of_slices(x, s, i, reduce, include_self),
               r.randn(2, 4, 2), r.randn(2, 3, 2),
               slices if reduce == "set" else r.randint(0, 4, 3))

r.case("ties", lambda x, s, i: torch.scatter_reduce(x, 0, i, s, "amax"),
       torch.tensor([1.0, 2.0, 3.0]).double(), torch.tensor([1.0, 1.0, 5.0, 5.0, 0.0]).double(),
       torch.tensor([0, 0, 1, 1, 2]))
r.case("product with zeros", lambda x, s, i: torch.scatter_reduce(x, 0, i, s, "prod"),
       torch.tensor([2.0, 0.0, 3.0, 4.0]).double(),
       torch.tensor([0.0, 5.0, 7.0, 0.0, 0.0]).double(), torch.tensor([0, 1, 2, 3, 3]))
r.save()
