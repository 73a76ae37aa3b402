"""Makes tests/data/scan.safetensors: scans of torch and their gradients."""

from record import Recorder, torch

r = Recorder("scan")
for axis in (0, 1, 2):
    r.case(f"cumsum {axis}", lambda x: torch.cumsum(x, axis), r.randn(3, 2, 4))
    r.case(f"cumprod {axis}", lambda x: torch.cumprod(x, axis), r.randn(3, 2, 4))
x = r.randn(3, 5)
x[0, 2] = x[1, 0] = x[1, 3] = x[2, 4] = 0
r.case("cumprod zeros", lambda x: torch.cumprod(x, 1), x)
r.save()
