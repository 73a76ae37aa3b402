#!/usr/bin/env python3
"""Records normalisations as PyTorch computes them; see record.py."""

import torch.nn.functional as F
from record import Recorder

r = Recorder("norm")


def case(what, f, x, *parameters):
    """A norm times weights: alone, its square is constant and has no gradient to speak of."""
    weights = r.rand(*x.shape) + 0.5
    r.case(what, lambda *inputs: f(*inputs[:-1]) * inputs[-1], x, *parameters, weights)


def parameters(channels):
    return r.randn(channels), r.rand(channels) + 0.5, r.randn(channels), r.randn(channels)


for what, shape in [("batch", (2, 3, 2, 3)), ("batch 2 axes", (4, 3))]:
    mean, var, weight, bias = parameters(3)
    case(
        what,
        lambda x, w, b, m=mean, v=var: F.batch_norm(x, m, v, w, b, eps=1e-3),
        r.randn(*shape),
        weight,
        bias,
    )
    r.add(f"{what}/mean", mean)
    r.add(f"{what}/var", var)

for what, shape, momentum in [("train", (2, 3, 2, 3), 0.1), ("train 2 axes", (5, 3), 0.3)]:
    x = r.randn(*shape)
    mean, var, weight, bias = parameters(3)
    case(what, lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True), x, weight, bias)
    r.add(f"{what}/mean", mean)
    r.add(f"{what}/var", var)
    F.batch_norm(x, mean, var, training=True, momentum=momentum)
    r.add(f"{what}/new mean", mean)
    r.add(f"{what}/new var", var)

x, w, b = r.randn(2, 4, 3, 2), r.randn(4), r.randn(4)
case("instance", lambda x: F.instance_norm(x, eps=1e-2), x)
case("instance affine", lambda x, w, b: F.instance_norm(x, None, None, w, b), x, w, b)
case("group", lambda x: F.group_norm(x, 2), x)
case("group affine", lambda x, w, b: F.group_norm(x, 2, w, b, eps=1e-3), x, w, b)
case("group 2 axes", lambda x, w, b: F.group_norm(x, 2, w, b), r.randn(3, 4), w, b)

x, w, b = r.randn(2, 3, 4), r.randn(3, 4), r.randn(3, 4)
case("layer", lambda x: F.layer_norm(x, (4,)), x)
case("layer affine", lambda x, w, b: F.layer_norm(x, (3, 4), w, b, eps=1e-3), x, w, b)
case("layer weight", lambda x, w: F.layer_norm(x, (3, 4), w), x, w)
case("rms", lambda x: F.rms_norm(x, (4,)), x)
case("rms weight", lambda x, w: F.rms_norm(x, (3, 4), w, eps=1e-3), x, w)

for size in (3, 4):
    r.case(
        f"lrn {size}",
        lambda x: F.local_response_norm(x, size, alpha=0.5, beta=0.6, k=0.8),
        r.randn(2, 5, 2),
    )
r.case("lrn default", lambda x: F.local_response_norm(x, 9), r.randn(2, 3, 2, 2))

case("normalize", lambda x: F.normalize(x), r.randn(3, 4))
case("normalize p", lambda x: F.normalize(x, p=3, dim=2), r.randn(2, 2, 3))
case("normalize axes", lambda x: F.normalize(x, dim=(0, 2)), r.randn(2, 2, 3))
x = r.randn(3, 4)
x[0] = 0
x[1] *= 0.01
case("normalize zeros", lambda x: F.normalize(x, eps=0.5), x)

r.save()
