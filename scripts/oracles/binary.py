#!/usr/bin/env python3
"""Records functions of two variables and type promotion as PyTorch computes them."""

from record import Recorder, torch

FLOATS = """add sub mul div floor_divide remainder fmod pow maximum minimum atan2 hypot eq ne lt le gt
ge logical_and logical_or logical_xor""".split()
INTEGERS = """add sub mul div maximum minimum eq ne lt le gt ge logical_and logical_or logical_xor
bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift""".split()
DIVISIONS = "floor_divide remainder fmod".split()

r = Recorder("binary")
inf, nan = float("inf"), float("nan")


def trunc_divide(a, b):
    return torch.div(a, b, rounding_mode="trunc")


def function(name):
    return trunc_divide if name == "trunc_divide" else getattr(torch, name)


def grid(values):
    """All pairs of the values, as two arrays."""
    return [g.flatten() for g in torch.meshgrid(values, values, indexing="ij")]


special = [0, 0.3, 1, 2, 7.5, inf]
a, b = grid(torch.tensor(special + [-v for v in special[1:]] + [nan], dtype=torch.float64))
r.add("a", a)
r.add("b", b)
for name in [*FLOATS, "trunc_divide"]:
    x = [v.clone().requires_grad_() for v in (a, b)]
    y = function(name)(*x)
    r.add(f"{name}/y", y)
    if y.requires_grad and name != "floor_divide":  # whose derivative torch does not have
        y.sum().backward()
        for i, v in enumerate(x):
            if v.grad is not None:
                r.add(f"{name}/dx{i}", v.grad)

for dtype in [torch.int64, torch.uint8]:
    key = str(dtype).removeprefix("torch.")
    low, high = torch.iinfo(dtype).min, torch.iinfo(dtype).max
    values = [0, 1, 2, 7, 31, 100, high] + [-1, -2, -33, low + 1] * dtype.is_signed
    a, b = grid(torch.tensor(values).to(dtype))
    r.add(f"{key}/a", a)
    r.add(f"{key}/b", b)
    for name in INTEGERS:
        r.add(f"{key}/{name}", function(name)(a, b))
    divisor = torch.where(b == 0, 1, b)  # by zero it is an error
    r.add(f"{key}/divisor", divisor)
    for name in [*DIVISIONS, "trunc_divide"]:
        r.add(f"{key}/{name}", function(name)(a, divisor))
    exponent = b.clamp(max=40)
    r.add(f"{key}/exponent", exponent)
    r.add(f"{key}/pow", torch.pow(a, exponent))

# The result type of every pair of arrays, 0-dimensional tensors and numbers, as an index into
# `types`; -1 for two numbers.
types = [torch.float32, torch.float64, torch.bfloat16, torch.float16]
types += [torch.int32, torch.int64, torch.uint8, torch.bool]
operands = [torch.ones(2, dtype=t) for t in types] + [torch.ones((), dtype=t) for t in types]
operands += [1.5, 1, True]


def result(p, q):
    if not (torch.is_tensor(p) or torch.is_tensor(q)):
        return -1
    return types.index(torch.result_type(p, q))


r.add("promotion", torch.tensor([[result(p, q) for q in operands] for p in operands]))
x = r.randn(4, 5)
lower, upper = r.randn(5) - 0.5, r.randn(4, 1) + 0.5
r.case("clamp both", lambda x, low, high: torch.clamp(x, low, high), x, lower, upper)
r.case("clamp crossed", lambda x, low, high: torch.clamp(x, low, high), x, upper, lower)
r.case("clamp numbers", lambda x: torch.clamp(x, -0.5, 0.7), x)
r.case("clamp min", lambda x: torch.clamp(x, min=0.1), x)
r.case("clamp max", lambda x: torch.clamp(x, max=0.1), x)
ties = torch.tensor([-2.0, -1, 0, 2, 3]).double()
r.case("clamp ties", lambda x: torch.clamp(x, -1, 2), ties)
r.case("clamp tied tensors", torch.clamp, ties, torch.tensor(-1.0).double(), torch.tensor([2.0]).double())
r.case("lerp", torch.lerp, x, r.randn(4, 5), r.rand(5))
r.case("lerp number", lambda a, b: torch.lerp(a, b, 0.75), x, r.randn(4, 5))
r.case("addcmul", lambda x, a, b: torch.addcmul(x, a, b, value=0.5), x, r.randn(5), r.randn(4, 1))
r.case("addcdiv", lambda x, a, b: torch.addcdiv(x, a, b, value=2), x, r.randn(5), r.rand(4, 1) + 1)
r.case("where", lambda a, b: torch.where(a > 0, a * b, b), x, r.randn(5))
r.save()
