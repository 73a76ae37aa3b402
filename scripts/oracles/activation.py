#!/usr/bin/env python3
"""Records activation functions as PyTorch computes them, at ordinary, extreme and tied values."""

import torch.nn.functional as F
from record import Recorder, torch

r = Recorder("activation")
values = [0, 0.5, 1, 2, 3, 6, 20, 25, 40, 300, 700]
values = torch.tensor(values + [-v for v in values], dtype=torch.float64)
x = torch.cat([values, r.randn(6), 4 * r.randn(6)]).reshape(2, 17)

CASES = {
    "relu": F.relu,
    "relu6": F.relu6,
    "silu": F.silu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "mish": F.mish,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
    "logsigmoid": F.logsigmoid,
    "leaky_relu": F.leaky_relu,
    "leaky_relu 0.2": lambda x: F.leaky_relu(x, 0.2),
    "elu": F.elu,
    "elu 0.7": lambda x: F.elu(x, 0.7),
    "selu": F.selu,
    "celu": F.celu,
    "celu 1.5": lambda x: F.celu(x, 1.5),
    "hardtanh": F.hardtanh,
    "hardtanh -2 3": lambda x: F.hardtanh(x, -2, 3),
    "softplus": F.softplus,
    "softplus 2 5": lambda x: F.softplus(x, 2, 5),
    "softsign": F.softsign,
    "threshold": lambda x: F.threshold(x, 1, -3),
    "hardshrink": F.hardshrink,
    "softshrink": F.softshrink,
    "softshrink 2": lambda x: F.softshrink(x, 2),
    "tanhshrink": F.tanhshrink,
}
r.add("x", x)
for name, f in CASES.items():
    leaf = x.clone().requires_grad_()
    y = f(leaf)
    y.sum().backward()
    r.add(f"{name}/y", y)
    r.add(f"{name}/dx", leaf.grad)

r.case("prelu", F.prelu, r.randn(2, 3, 4), r.randn(3))
r.case("prelu one weight", F.prelu, r.randn(2, 3), r.randn(1))
r.case("prelu vector", F.prelu, r.randn(5), r.randn(1))
r.case("glu", F.glu, r.randn(2, 3, 4))
r.case("glu axis 0", lambda x: F.glu(x, 0), r.randn(4, 3))
r.save()
