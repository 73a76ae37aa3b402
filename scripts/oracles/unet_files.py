"""Saves a small U-Net as users of PyTorch and Jittor have it, with an input and PyTorch's output.

Makes tests/data/cli/: unet.pth (torch.save), unet.pkl (as jittor.save), x.npy [2, 1, 32, 48] and
y.npy, its logits in evaluation mode; f32.
"""

import hashlib
import pickle
from pathlib import Path

import numpy as np
import torch

from unet import UNet

DATA = Path(__file__).resolve().parents[2] / "tests/data/cli"

DATA.mkdir(parents=True, exist_ok=True)
torch.manual_seed(0)
model = UNet(1, 2, True, width=1)
for _ in range(3):
    model(torch.randn(2, 1, 32, 32))  # running statistics that matter
model.eval()
x = torch.randn(2, 1, 32, 48)
np.save(DATA / "x.npy", x.numpy())
with torch.no_grad():
    np.save(DATA / "y.npy", model(x).numpy())
torch.save(model.state_dict(), DATA / "unet.pth")
state = {k: v.numpy() for k, v in model.state_dict().items() if not k.endswith("tracked")}
pickled = pickle.dumps(state, 4)
(DATA / "unet.pkl").write_bytes(pickled + hashlib.sha1(pickled).digest() + b"HCAJSLHD")
