"""Records what PyTorch computes, as fixtures for the tests (read by tests/oracle.h).

A script beside this one per family of operators makes tests/data/<family>.safetensors:

    from record import Recorder, torch
    r = Recorder("conv")
    r.case("stride 2", lambda x, w: F.conv2d(x, w, stride=2), r.randn(1, 3, 7, 7), r.randn(4, 3, 3, 3))
    r.save()

Needs Python with torch and safetensors; the project itself does not. Everything is in f64 unless
the inputs are not.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

DATA = Path(__file__).resolve().parents[2] / "tests" / "data"


class Recorder:
    def __init__(self, name, seed=0):
        self.name = name
        self.tensors = {}
        self.generator = torch.Generator().manual_seed(seed)

    def randn(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def rand(self, *shape):
        return torch.rand(*shape, generator=self.generator, dtype=torch.float64)

    def randint(self, low, high, *shape):
        return torch.randint(low, high, shape, generator=self.generator)

    def add(self, key, tensor):
        """Records any tensor under a free key."""
        assert key not in self.tensors, key
        self.tensors[key] = tensor.detach().clone().contiguous()

    def case(self, what, f, *inputs, gradient=True, shared=False):
        """Records inputs, f(*inputs) and the gradients of sum(y * y) / 2.

        Cases "plane/dice" and "plane/ce" that are `shared` have the same inputs, stored once.
        """
        family = what.rpartition("/")[0] if shared else what
        inputs = [x.detach().clone().requires_grad_(gradient and x.is_floating_point()) for x in inputs]
        y = f(*inputs)
        for i, x in enumerate(inputs):
            key = f"{family}/x{i}"
            if shared and key in self.tensors:
                assert torch.equal(x, self.tensors[key]), key
            else:
                self.add(key, x)
        self.add(f"{what}/y", y)
        if gradient and y.is_floating_point():
            (y * y / 2).sum().backward()
            for i, x in enumerate(inputs):
                if x.grad is not None:
                    self.add(f"{what}/dx{i}", x.grad)

    def save(self):
        DATA.mkdir(parents=True, exist_ok=True)
        save_file(self.tensors, DATA / f"{self.name}.safetensors")
        print(f"{self.name}: {len(self.tensors)} tensors, torch {torch.__version__}")
