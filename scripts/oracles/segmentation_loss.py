"""Makes tests/data/segmentation_loss.safetensors: segmentation losses and their gradients.

From torch, torchvision, MONAI and segmentation_models_pytorch themselves; nnU-Net's and JMedSeg's
Dice are written down here from their definitions. A case has logits x0, classes x1, the loss y.
Needs `pip install monai torchvision segmentation-models-pytorch` beside torch.
"""

import importlib
import importlib.util
import sys
import types
from pathlib import Path

import torch.nn.functional as F
from monai.losses import DiceLoss, FocalLoss
from record import Recorder, torch
from torchvision.ops import sigmoid_focal_loss

# The losses of smp alone: the package needs its encoders when it is imported as a whole.
smp = types.ModuleType("smp_losses")
smp.__path__ = [str(Path(importlib.util.find_spec("segmentation_models_pytorch").origin).parent / "losses")]
sys.modules["smp_losses"] = smp
SmpDice = importlib.import_module("smp_losses.dice").DiceLoss
SmpJaccard = importlib.import_module("smp_losses.jaccard").JaccardLoss

r = Recorder("segmentation_loss")


def one_hot(t, classes):
    return F.one_hot(t, classes).movedim(-1, 1).double()


def nnunet(x, t, batch=False):
    p, g = torch.softmax(x, 1), one_hot(t, x.shape[1])
    axes = tuple(range(2, x.ndim))
    i, p, g = (v.sum(axes)[:, 1:] for v in (p * g, p, g))
    if batch:
        i, p, g = (v.sum(0) for v in (i, p, g))
    return -((2 * i + 1e-5) / torch.clip(p + g + 1e-5, 1e-8)).mean()


def jmedseg(x, t, kind):
    p, g = torch.softmax(x, 1).flatten(), one_hot(t, x.shape[1]).flatten()
    i, total = (p * g).sum(), p.sum() + g.sum()
    return 1 - ((2 * i + 1) / (total + 1) if kind == "dice" else (i + 1) / (total - i + 1))


def samples():
    """Logits and classes: two classes; three in 3-D, where the first sample lacks class 2."""
    yield "plane", 2 * r.randn(2, 2, 4, 5), r.randint(0, 2, 2, 4, 5)
    volume = r.randint(0, 3, 2, 2, 3, 3)
    volume[0] %= 2
    yield "volume", 2 * r.randn(2, 3, 2, 3, 3), volume


for shape, x, t in samples():
    c = x.shape[1]

    def add(what, f, t=t):
        r.case(f"{shape} {what}", f, x, t)

    weight = torch.arange(1, c + 1).double()
    add("ce", F.cross_entropy)
    add("ce weight", lambda x, t: F.cross_entropy(x, t, weight))
    add("ce smooth", lambda x, t: F.cross_entropy(x, t, weight, ignore_index=1, label_smoothing=0.1))
    add("bce", lambda x, t: F.binary_cross_entropy_with_logits(x, one_hot(t, c)))
    along = weight.reshape(-1, *[1] * (x.ndim - 2))
    add("bce weight", lambda x, t: F.binary_cross_entropy_with_logits(x, one_hot(t, c), pos_weight=along))

    options = {"to_onehot_y": True, "softmax": True}
    for what, extra in {
        "": {},
        " batch": {"batch": True},
        " squared": {"squared_pred": True},
        " foreground": {"include_background": False},
    }.items():
        loss = DiceLoss(**options, **extra)
        add(f"dice{what}", lambda x, t: loss(x, t.unsqueeze(1)))
    add("dice nnunet", nnunet)
    add("dice nnunet batch", lambda x, t: nnunet(x, t, batch=True))
    add("dice smp", SmpDice("multiclass"))
    add("iou smp", SmpJaccard("multiclass"))
    add("dice jmedseg", lambda x, t: jmedseg(x, t, "dice"))
    add("iou jmedseg", lambda x, t: jmedseg(x, t, "iou"))
    for gamma in (0.5, 2.0):
        # MONAI's mean counts every class of a pixel, of which one has a loss.
        loss = FocalLoss(gamma=gamma, to_onehot_y=True, use_softmax=True)
        add(f"focal {gamma}", lambda x, t: c * loss(x, t.unsqueeze(1)))
    add("focal jmedseg", lambda x, t: -0.5 * (
        one_hot(t, c) * (1 - torch.softmax(x, 1)) ** 2 * torch.log_softmax(x, 1)
    ).sum(1).mean())
    # Everything above with ignored pixels is the same loss of the pixels that are left.
    ignored = t.clone()
    ignored[:, 0] = 255
    add("dice ignore", lambda x, t: DiceLoss(**options)(x[:, :, 1:], t[:, 1:].unsqueeze(1)), ignored)
    add("bce ignore", lambda x, t: F.binary_cross_entropy_with_logits(x[:, :, 1:], one_hot(t[:, 1:], c)), ignored)
    add("focal ignore", lambda x, t: c * FocalLoss(gamma=2, to_onehot_y=True, use_softmax=True)(
        x[:, :, 1:], t[:, 1:].unsqueeze(1)), ignored)

x, t = 2 * r.randn(2, 1, 3, 4), r.randint(0, 2, 2, 3, 4)
r.case("one channel ce", lambda x, t: F.binary_cross_entropy_with_logits(x, t.unsqueeze(1).double()), x, t)
r.case("one channel dice", lambda x, t: DiceLoss(sigmoid=True)(x, t.unsqueeze(1)), x, t)
r.case("one channel smp", SmpDice("binary"), x, t)
r.case(
    "one channel focal",
    lambda x, t: sigmoid_focal_loss(x, t.unsqueeze(1).double(), alpha=0.25, gamma=2, reduction="mean"),
    x,
    t,
)
r.save()
