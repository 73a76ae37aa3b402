#!/usr/bin/env python3
"""Records functions of one variable as PyTorch computes them, at ordinary and extreme values."""

from record import Recorder, torch

NAMES = """neg abs sign square floor ceil round trunc frac exp exp2 expm1 log log2 log10 log1p sqrt
rsqrt reciprocal sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf erfc sigmoid isnan
isinf isfinite logical_not""".split()
ON_INTEGERS = "neg abs sign square floor ceil round trunc logical_not bitwise_not exp".split()

r = Recorder("unary")
inf, nan = float("inf"), float("nan")
special = [0, -0.0, 1e-300, 1e-9, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 20, 40, 300, 710, 1e18, 1e300, inf]
values = torch.tensor(special + [-v for v in special] + [nan], dtype=torch.float64)
values = torch.cat([values, r.randn(6), 3 * r.randn(6), r.rand(4)])
r.add("x", values)
for name in NAMES:
    x = values.clone().requires_grad_()
    y = getattr(torch, name)(x)
    r.add(f"{name}/y", y)
    if y.is_floating_point():
        y.sum().backward()
        r.add(f"{name}/dx", x.grad)

for dtype in [torch.int64, torch.int32, torch.uint8]:
    key = str(dtype).removeprefix("torch.")
    x = torch.tensor([0, 1, 2, 7, 100, 127, torch.iinfo(dtype).max, torch.iinfo(dtype).min])
    x = x.to(dtype)
    r.add(f"{key}/x", x)
    for name in ON_INTEGERS:
        r.add(f"{key}/{name}", getattr(torch, name)(x))
r.save()
