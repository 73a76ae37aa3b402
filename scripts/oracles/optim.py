"""Makes tests/data/optim.safetensors: what torch.optim makes of a small network in 1,001 steps.

The network is Linear(2, 3), sigmoid, Linear(3, 1), sigmoid in f64 from given weights; the loss is
the sum of its outputs for one 3 x 2 input: the protocol of LibTorch's own optimizer tests. All
parameters are recorded before the first and after every 100th step, as one row each. A second
series changes the learning rate on the way, leaves one layer out of a group of its own, and clips.
"""

import torch.nn as nn
from record import Recorder, torch

r = Recorder("optim")

WEIGHTS = {
    "0.weight": [[-0.2109, -0.4976], [-0.1413, -0.3420], [-0.2524, 0.6976]],
    "0.bias": [-0.1085, -0.2979, 0.6892],
    "2.weight": [[-0.0508, -0.3941, -0.2843]],
    "2.bias": [-0.0711],
}
X = torch.arange(1, 7, dtype=torch.float64).reshape(3, 2) / 10


def network():
    model = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), nn.Linear(3, 1), nn.Sigmoid()).double()
    model.load_state_dict({k: torch.tensor(v, dtype=torch.float64) for k, v in WEIGHTS.items()})
    return model


def row(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def record(what, make, steps=1001, change=lambda step, optimizer: None, clip=lambda parameters: None):
    model = network()
    optimizer = make(model)
    rows = [row(model)]
    for step in range(1, steps + 1):
        change(step, optimizer)
        optimizer.zero_grad()
        model(X).sum().backward()
        clip(list(model.parameters()))
        optimizer.step()
        if step % 100 == 0 or step == steps:
            rows.append(row(model))
    r.add(what, torch.stack(rows))


def single(method, **options):
    return lambda model: method(model.parameters(), foreach=False, **options)


o = torch.optim
record("sgd", single(o.SGD, lr=0.1))
record("sgd decay", single(o.SGD, lr=0.1, weight_decay=1e-2))
record("sgd momentum", single(o.SGD, lr=0.1, momentum=0.9, weight_decay=1e-2))
record("sgd dampening", single(o.SGD, lr=0.1, momentum=0.9, dampening=0.3))
record("sgd nesterov", single(o.SGD, lr=0.1, momentum=0.9, weight_decay=1e-6, nesterov=True))
record("adam", single(o.Adam, lr=1.0))
record("adam decay", single(o.Adam, lr=1.0, weight_decay=1e-2))
record("adam amsgrad", single(o.Adam, lr=1.0, weight_decay=1e-6, amsgrad=True))
record("adam betas", single(o.Adam, lr=1e-2, betas=(0.5, 0.8), eps=1e-3))
record("adamw", single(o.AdamW, lr=1e-2))
record("adamw amsgrad", single(o.AdamW, lr=1e-2, weight_decay=0.1, amsgrad=True))
record("adagrad", single(o.Adagrad, lr=1.0))
record("adagrad decay", single(o.Adagrad, lr=1.0, weight_decay=1e-2))
record("adagrad lr_decay", single(o.Adagrad, lr=1.0, weight_decay=1e-6, lr_decay=1e-3))
record("adagrad initial", single(o.Adagrad, lr=0.1, initial_accumulator_value=0.5, eps=1e-4))
record("rmsprop", single(o.RMSprop, lr=0.1))
record("rmsprop decay", single(o.RMSprop, lr=0.1, weight_decay=1e-2))
record("rmsprop centered", single(o.RMSprop, lr=0.1, weight_decay=1e-6, centered=True))
record("rmsprop momentum", single(o.RMSprop, lr=0.1, weight_decay=1e-6, centered=True, momentum=0.9))
record("rmsprop alpha", single(o.RMSprop, lr=1e-2, alpha=0.7, eps=1e-3, momentum=0.5))


def groups(model):
    return o.AdamW(
        [
            {"params": model[0].parameters(), "lr": 1e-2, "weight_decay": 0.0},
            {"params": model[2].parameters(), "lr": 1e-3, "betas": (0.8, 0.9)},
        ],
        foreach=False,
    )


def halve(step, optimizer):
    if step % 50 == 0:
        for group in optimizer.param_groups:
            group["lr"] /= 2


record("groups", groups, steps=300, change=halve)
record(
    "clip norm",
    single(o.SGD, lr=0.5, momentum=0.9),
    steps=300,
    clip=lambda parameters: nn.utils.clip_grad_norm_(parameters, 0.05),
)
record(
    "clip value",
    single(o.SGD, lr=0.5, momentum=0.9),
    steps=300,
    clip=lambda parameters: nn.utils.clip_grad_value_(parameters, 0.02),
)

for norm_type in (1.0, 2.0, 3.0, float("inf")):
    for limit in (0.5, 100.0):
        gradients = [r.randn(2, 3), r.randn(4), r.randn(1)]
        parameters = [nn.Parameter(torch.zeros_like(g)) for g in gradients]
        for p, g in zip(parameters, gradients):
            p.grad = g.clone()
        total = nn.utils.clip_grad_norm_(parameters, limit, norm_type)
        for i, (p, g) in enumerate(zip(parameters, gradients)):
            r.add(f"norm {norm_type} {limit}/g{i}", g)
            r.add(f"norm {norm_type} {limit}/c{i}", p.grad)
        r.add(f"norm {norm_type} {limit}/total", total)
r.save()
