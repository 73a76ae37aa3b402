"""Makes tests/data/loss.safetensors: losses of torch.nn.functional and their gradients."""

import itertools

import torch.nn.functional as F
from record import Recorder, torch

r = Recorder("loss")
REDUCTIONS = ("none", "mean", "sum")
W = torch.tensor([0.5, 2.0, 1.5], dtype=torch.float64)
r.add("class weight", W)

for weighted, ignore, smoothing, reduction in itertools.product((0, 1), (-100, 1), (0.0, 0.1), REDUCTIONS):
    weight = W if weighted else None
    r.case(
        f"classes {weighted} {ignore} {smoothing} {reduction}",
        lambda x, t: F.cross_entropy(
            x, t, weight, ignore_index=ignore, label_smoothing=smoothing, reduction=reduction
        ),
        2 * r.randn(2, 3, 4),
        r.randint(0, 3, 2, 4),
    )
for weighted, smoothing, reduction in itertools.product((0, 1), (0.0, 0.1), REDUCTIONS):
    weight = W if weighted else None
    r.case(
        f"probabilities {weighted} {smoothing} {reduction}",
        lambda x, t: F.cross_entropy(x, t, weight, label_smoothing=smoothing, reduction=reduction),
        r.randn(2, 3, 4),
        torch.softmax(r.randn(2, 3, 4), 1),
    )
for weighted, reduction in itertools.product((0, 1), REDUCTIONS):
    weight = W if weighted else None
    r.case(
        f"nll {weighted} {reduction}",
        lambda x, t: F.nll_loss(x, t, weight, ignore_index=0, reduction=reduction),
        r.randn(2, 3, 2, 2),
        r.randint(0, 3, 2, 2, 2),
    )
r.case("one sample", lambda x, t: F.cross_entropy(x, t), r.randn(3), torch.tensor(2))

weight = r.rand(2, 3)
pos_weight = r.rand(3) + 1
r.add("weight", weight)
r.add("pos_weight", pos_weight)
for reduction in REDUCTIONS:
    r.case(
        f"bce {reduction}",
        lambda p, t: F.binary_cross_entropy(p, t, weight, reduction=reduction),
        r.rand(2, 3),
        r.rand(2, 3),
    )
    r.case(
        f"bce_with_logits {reduction}",
        lambda x, t: F.binary_cross_entropy_with_logits(
            x, t, weight, pos_weight=pos_weight, reduction=reduction
        ),
        3 * r.randn(2, 3),
        r.rand(2, 3),
    )
    r.case(f"mse {reduction}", lambda x, t: F.mse_loss(x, t, reduction=reduction), r.randn(2, 3), r.randn(2, 3))
    r.case(f"l1 {reduction}", lambda x, t: F.l1_loss(x, t, reduction=reduction), r.randn(2, 3), r.randn(2, 3))
    for value in (0.5, 2.0):
        r.case(
            f"smooth_l1 {value} {reduction}",
            lambda x, t: F.smooth_l1_loss(x, t, beta=value, reduction=reduction),
            r.randn(3, 4),
            r.randn(3, 4),
        )
        r.case(
            f"huber {value} {reduction}",
            lambda x, t: F.huber_loss(x, t, delta=value, reduction=reduction),
            r.randn(3, 4),
            r.randn(3, 4),
        )
    for flag in (0, 1):
        r.case(
            f"gaussian {flag} {reduction}",
            lambda x, t, v: F.gaussian_nll_loss(x, t, v, full=bool(flag), reduction=reduction),
            r.randn(2, 3),
            r.randn(2, 3),
            r.rand(2, 1) + 0.1,
        )
        r.case(
            f"poisson {flag} {reduction}",
            lambda x, t: F.poisson_nll_loss(x, t, full=bool(flag), reduction=reduction),
            r.randn(2, 3),
            # constants: torch's Stirling term is not differentiable where it starts
            r.randint(0, 5, 2, 3),
        )
        for kl in (*REDUCTIONS, "batchmean"):
            if reduction == "none":
                r.case(
                    f"kl {flag} {kl}",
                    lambda x, t: F.kl_div(x, t, reduction=kl, log_target=bool(flag)),
                    torch.log_softmax(r.randn(2, 3), 1),
                    torch.log_softmax(r.randn(2, 3), 1) if flag else torch.softmax(r.randn(2, 3), 1),
                )
r.case(
    "poisson rate",
    lambda x, t: F.poisson_nll_loss(x, t, log_input=False),
    r.rand(2, 3) + 0.1,
    r.randint(0, 5, 2, 3),
)
r.save()
