"""Makes tests/data/segmentation_loss.safetensors: segmentation losses and their gradients.

From torch, torchvision, MONAI and segmentation_models_pytorch themselves; what
nnU-Net, JMedSeg and papers have is written down here from its definition. A case has logits x0, classes x1, the loss y.
Needs `pip install monai torchvision segmentation-models-pytorch` beside torch.
"""

import importlib
import importlib.util
import sys
import types
from pathlib import Path

import torch.nn.functional as F
from monai.losses import (
    AsymmetricUnifiedFocalLoss,
    BoundaryLoss,
    DeepSupervisionLoss,
    DiceCELoss,
    DiceLoss,
    FocalLoss,
    GeneralizedDiceLoss,
    HausdorffDTLoss,
    LogHausdorffDTLoss,
    SoftclDiceLoss,
    TverskyLoss,
)
from record import Recorder, torch
from torchvision.ops import sigmoid_focal_loss

# The losses of smp alone: the package needs its encoders when it is imported as a whole.
smp = types.ModuleType("smp_losses")
smp.__path__ = [str(Path(importlib.util.find_spec("segmentation_models_pytorch").origin).parent / "losses")]
sys.modules["smp_losses"] = smp
SmpFocal = importlib.import_module("smp_losses.focal").FocalLoss
SmpLovasz = importlib.import_module("smp_losses.lovasz").LovaszLoss
SmpTversky = importlib.import_module("smp_losses.tversky").TverskyLoss
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


def surprise(x, t):
    return F.cross_entropy(x, t, reduction="none").flatten()


def ohem(x, t, thresh=0.7, share=1 / 16):
    """Pixels whose class has less than `thresh`; at least a share of all, the hardest."""
    loss = surprise(x, t).sort(descending=True).values
    hard = max(int((loss > -torch.log(torch.tensor(thresh))).sum()), int(loss.numel() * share))
    return loss[:hard].mean()


def areas(x, t):
    p, g = torch.softmax(x, 1), one_hot(t, x.shape[1])
    return [v.flatten(2).sum(2) for v in (p * g, p, g)]


def focal_tversky(x, t, alpha=0.3, beta=0.7, gamma=0.75):
    i, p, g = areas(x, t)
    return ((1 - (i + 1e-5) / (i + alpha * (p - i) + beta * (g - i) + 1e-5)) ** gamma).mean()


def unified(x, t, weight=0.5, delta=0.6, gamma=0.5):
    """Symmetric, Yeung et al. 2022: class 0 is the background."""
    l = F.cross_entropy(x, t, reduction="none")
    factor = (1 - delta) + (2 * delta - 1) * (t > 0).double()
    i, p, g = areas(x, t)
    tversky = (i + 1e-7) / (i + delta * (g - i) + (1 - delta) * (p - i) + 1e-7)
    focal = (factor * (1 - torch.exp(-l)) ** gamma * l).mean()
    return weight * focal + (1 - weight) * ((1 - tversky) ** (1 - gamma)).mean()


def exp_log(x, t, weight, gamma=0.3):
    """Wong et al. 2018."""
    i, p, g = areas(x, t)
    dice = (-torch.log((2 * i + 1) / (p + g + 1))) ** gamma
    l = F.cross_entropy(x, t, reduction="none")
    return 0.8 * dice.mean() + 0.2 * (weight[t] * l**gamma).mean()


def samples():
    """Logits and classes: two classes; three in 3-D, where the first sample lacks class 2."""
    yield "plane", 2 * r.randn(2, 2, 4, 5), r.randint(0, 2, 2, 4, 5)
    volume = r.randint(0, 3, 2, 2, 3, 3)
    volume[0] %= 2
    yield "volume", 2 * r.randn(2, 3, 2, 3, 3), volume


for shape, x, t in samples():
    c = x.shape[1]

    def add(what, f, t=t, family=shape):
        r.case(f"{family}/{what}", f, x, t, shared=True)

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
    for what, loss in {
        "focal monai": FocalLoss(alpha=0.25, to_onehot_y=True),
        "focal monai weight": FocalLoss(alpha=weight.tolist(), to_onehot_y=True),
        "iou monai": DiceLoss(jaccard=True, **options),
        "dice ce": DiceCELoss(**options),
        "generalized": GeneralizedDiceLoss(**options),
        "generalized batch": GeneralizedDiceLoss(batch=True, w_type="simple", **options),
        "tversky": TverskyLoss(alpha=0.3, beta=0.7, **options),
        "boundary": BoundaryLoss(**options),
        "hausdorff": HausdorffDTLoss(**options),
        "hausdorff log": LogHausdorffDTLoss(alpha=1.0, **options),
        "cldice": SoftclDiceLoss(**options),
        "cldice foreground": SoftclDiceLoss(iter_=1, include_background=False, **options),
    }.items():
        add(what, lambda x, t: loss(x, t.unsqueeze(1)))
    if c == 2:
        loss = AsymmetricUnifiedFocalLoss(to_onehot_y=True)
        add("unified", lambda x, t: loss(torch.softmax(x, 1), t.unsqueeze(1)))
    add("focal smp", SmpFocal("multiclass", gamma=1.5))
    add("dice smp log", SmpDice("multiclass", log_loss=True))
    add("tversky smp", SmpTversky("multiclass", alpha=0.3, beta=0.7, gamma=1.5))
    add("lovasz", lambda x, t: SmpLovasz("multiclass")(x.float(), t))
    add("lovasz image", lambda x, t: SmpLovasz("multiclass", per_image=True)(x.float(), t))
    add("topk", lambda x, t: surprise(x, t).topk(t.numel() // 10).values.mean())
    add("ohem", ohem)
    add("focal tversky", focal_tversky)
    add("unified symmetric", unified)
    add("exp log", lambda x, t: exp_log(x, t, weight))
    # Everything above with ignored pixels is the same loss of the pixels that are left.
    ignored = t.clone()
    ignored[:, 0] = 255

    def ignore(what, f):
        add(what, f, ignored, f"{shape} ignored")

    ignore("dice", lambda x, t: DiceLoss(**options)(x[:, :, 1:], t[:, 1:].unsqueeze(1)))
    ignore("bce", lambda x, t: F.binary_cross_entropy_with_logits(x[:, :, 1:], one_hot(t[:, 1:], c)))
    ignore("focal", lambda x, t: c * FocalLoss(gamma=2, to_onehot_y=True, use_softmax=True)(
        x[:, :, 1:], t[:, 1:].unsqueeze(1)))

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
r.case("one channel hinge", lambda x, t: SmpLovasz("binary")(x.float(), t.float()), x, t)

coarse, fine, t = r.randn(1, 2, 2, 3), r.randn(1, 2, 4, 6), r.randint(0, 2, 1, 4, 6)
for mode in ("exp", "two"):
    loss = DeepSupervisionLoss(DiceCELoss(**options), weight_mode=mode)
    r.case(f"deep {mode}", lambda a, b, t: loss([a, b], t.unsqueeze(1).float()), fine, coarse, t)
r.save()
