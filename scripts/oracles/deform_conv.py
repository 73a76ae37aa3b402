"""Records torchvision.ops.deform_conv2d (needs torchvision)."""

from record import Recorder, torch
from torchvision.ops import deform_conv2d

r = Recorder("deform_conv")


def case(what, x, weight, out, offset_groups=1, mask=False, **options):
    taps = offset_groups * weight[2] * weight[3]
    inputs = [r.randn(*x), 1.5 * r.randn(x[0], 2 * taps, *out), r.randn(*weight), r.randn(weight[0])]
    if mask:
        inputs.append(r.rand(x[0], taps, *out))
    r.case(what, lambda x, offset, weight, bias, mask=None: deform_conv2d(
        x, offset, weight, bias, mask=mask, **options), *inputs)


case("plain", (2, 1, 4, 3), (2, 1, 2, 2), (3, 2))
case("groups and mask", (1, 4, 3, 3), (2, 2, 2, 1), (2, 3), offset_groups=2, mask=True)
case("stride, padding, dilation", (1, 1, 4, 5), (1, 1, 2, 3), (3, 2), mask=True, stride=(2, 3),
     padding=(1, 2), dilation=(1, 2))
r.save()
