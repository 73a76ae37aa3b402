"""Makes tests/data/schedule.safetensors: learning rates of torch.optim.lr_scheduler from a base of 1."""

import torch.optim.lr_scheduler as S
from record import Recorder, torch

r = Recorder("schedule")
ITERATIONS = 40


def record(what, make, scores=None):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = make(optimizer)
    rates = []
    for i in range(ITERATIONS):
        rates.append(optimizer.param_groups[0]["lr"])
        if i + 1 == ITERATIONS:
            break
        optimizer.step()
        schedule.step(*([] if scores is None else [scores[i].item()]))
    r.add(what, torch.tensor(rates, dtype=torch.float64))


record("poly", lambda o: S.PolynomialLR(o, total_iters=30, power=0.9))
record("cosine", lambda o: S.CosineAnnealingLR(o, T_max=40, eta_min=0.1))
record("restarts", lambda o: S.CosineAnnealingWarmRestarts(o, T_0=7, eta_min=0.05))
record("restarts longer", lambda o: S.CosineAnnealingWarmRestarts(o, T_0=5, T_mult=2))
record("step", lambda o: S.StepLR(o, step_size=9, gamma=0.5))
record("multi_step", lambda o: S.MultiStepLR(o, milestones=[5, 20, 21], gamma=0.3))
record("exponential", lambda o: S.ExponentialLR(o, gamma=0.9))
record("one_cycle", lambda o: S.OneCycleLR(o, max_lr=1.0, total_steps=40))
record("one_cycle options", lambda o: S.OneCycleLR(
    o, max_lr=1.0, total_steps=40, pct_start=0.45, div_factor=10, final_div_factor=100))
record("warmup", lambda o: S.SequentialLR(
    o,
    [S.LinearLR(o, start_factor=0.1, total_iters=8), S.CosineAnnealingLR(o, T_max=32)],
    milestones=[8],
))

# A loss that falls, stays, falls again, and stays.
scores = 1 / (1 + torch.arange(ITERATIONS).double()) + 0.01 * r.rand(ITERATIONS)
scores[10:20] = scores[10]
scores[28:] = 0.05
r.add("scores", scores)
record("plateau", lambda o: S.ReduceLROnPlateau(o, factor=0.5, patience=2), scores)
record("plateau cooldown", lambda o: S.ReduceLROnPlateau(
    o, factor=0.5, patience=1, cooldown=3, threshold=0.1, min_lr=0.2), scores)
record("plateau maximize", lambda o: S.ReduceLROnPlateau(o, mode="max", factor=0.3, patience=3), -scores + 2)
r.save()
