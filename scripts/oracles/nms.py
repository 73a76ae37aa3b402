"""Records torchvision.ops.nms (needs torchvision)."""

from record import Recorder, torch
from torchvision.ops import nms

r = Recorder("nms")
corners = r.rand(40, 2) * 4
boxes = torch.cat([corners, corners + r.rand(40, 2) * 3], 1)
scores = r.rand(40)
r.add("boxes", boxes)
r.add("scores", scores)
for threshold in (0.1, 0.3, 0.7):
    r.add(f"kept {threshold}", nms(boxes, scores, threshold))
r.save()
