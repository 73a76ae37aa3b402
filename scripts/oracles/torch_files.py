#!/usr/bin/env python3
"""Writes checkpoints with PyTorch, and as Jittor writes them, as fixtures for tests/io/.

torch_expected.safetensors has the tensors that must be found in each of them.
"""

import hashlib
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

DATA = Path(__file__).resolve().parents[2] / "tests" / "data" / "io"


def tensors():
    """A state dict with every dtype and every kind of view."""
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    state = OrderedDict()
    state["conv.weight"] = torch.nn.Parameter(torch.linspace(-1, 1, 24).reshape(2, 3, 2, 2))
    state["conv.bias"] = torch.nn.Parameter(torch.tensor([0.5, -0.5]))
    state["bn.num_batches_tracked"] = torch.tensor(7)
    state["transposed"] = base.permute(2, 0, 1)
    state["slice"] = base[1, :, 1:3]
    state["every second"] = base.flatten()[1::2]
    state["tied"] = base
    state["empty"] = torch.zeros(0, 3)
    for dtype in "float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool".split():
        state[dtype] = (torch.arange(5) - int(dtype[:3] in ("int", "flo"))).to(getattr(torch, dtype))
    return state


def save_torch():
    state = tensors()
    module = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    checkpoint = {"epoch": 3, "best": 0.75, "note": "a", "optimizer": optimizer.state_dict(),
                  "state_dict": state}
    torch.save(state, DATA / "torch_zip.pth")
    torch.save(checkpoint, DATA / "torch_nested.pt")
    torch.save(state, DATA / "torch_legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(module, DATA / "torch_module.pth")
    unsigned = {str(d): torch.tensor([1, 60000]).to(d) for d in (torch.uint16, torch.uint32)}
    torch.save(unsigned, DATA / "torch_unsigned.pth")
    save_file({k: v.detach().clone().contiguous() for k, v in state.items()},
              DATA / "torch_expected.safetensors")


def save_jittor():
    """As jittor.save: a pickle of protocol 4, its SHA-1, and eight letters."""
    state = {k: v.detach().numpy() for k, v in tensors().items() if k != "bfloat16"}
    state["conv.weight"] = np.asfortranarray(state["conv.weight"])
    pickled = pickle.dumps(state, 4)
    (DATA / "jittor.pkl").write_bytes(pickled + hashlib.sha1(pickled).digest() + b"HCAJSLHD")
    state["scalar"] = np.float32(2.5)
    for protocol in (2, 3, 5):
        (DATA / f"numpy_{protocol}.pkl").write_bytes(pickle.dumps({"model": state}, protocol))


DATA.mkdir(parents=True, exist_ok=True)
save_torch()
save_jittor()
