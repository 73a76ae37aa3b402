"""Makes tests/data/sort.safetensors: order statistics of torch and their gradients."""

from record import Recorder, torch

r = Recorder("sort")
for axis in (0, 1, 2):
    r.case(f"sort {axis}", lambda x: torch.sort(x, axis).values, r.randn(3, 4, 2))
    r.case(f"topk {axis}", lambda x: torch.topk(x, 2, axis).values, r.randn(3, 4, 2))
    r.case(f"median {axis}", lambda x: torch.median(x, axis).values, r.randn(3, 4, 2))
    r.case(f"kthvalue {axis}", lambda x: torch.kthvalue(x, 2, axis).values, r.randn(3, 4, 2))
    r.case(f"quantile {axis}", lambda x: torch.quantile(x, 0.3, axis), r.randn(3, 4, 2))
x = r.randint(0, 4, 3, 6).double()
x[1, 2] = float("nan")
r.case("argsort", lambda x: torch.argsort(x, dim=1, descending=True, stable=True), x, gradient=False)
x = r.randint(0, 3, 6, 2).double()
r.case("unique", lambda x: torch.unique(x), x, gradient=False)
r.case("unique rows", lambda x: torch.unique(x, dim=0), x, gradient=False)
r.case("unique inverse", lambda x: torch.unique(x, return_inverse=True)[1], x, gradient=False)
r.save()
