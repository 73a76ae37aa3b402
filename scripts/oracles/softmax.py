"""Makes tests/data/softmax.safetensors: softmax and log_softmax of torch."""

from record import Recorder, torch

r = Recorder("softmax")
for axis in (0, 1, 2):
    r.case(f"softmax {axis}", lambda x: torch.softmax(x, axis), 3 * r.randn(3, 2, 4))
    r.case(f"log_softmax {axis}", lambda x: torch.log_softmax(x, axis), 3 * r.randn(3, 2, 4))
r.save()
