"""Makes tests/data/io/unet.pth: the U-Net that unet.py trained, as PyTorch programs save theirs.

Its logits are "eval" for the pictures "x" in tests/data/unet.safetensors.
"""

import torch
from safetensors.torch import load_file

from record import DATA
from unet import WIDTH, UNet

model = UNet(3, 2, bilinear=True, width=WIDTH)
recorded = load_file(DATA / "unet.safetensors")
weights = {key[4:]: value for key, value in recorded.items() if key.startswith("end/")}
missing, unexpected = model.load_state_dict(weights, strict=False)
assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing)
model.eval()
assert torch.allclose(model(recorded["x"]), recorded["eval"], atol=1e-5)
torch.save(model.state_dict(), DATA / "io" / "unet.pth")
