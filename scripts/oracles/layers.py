#!/usr/bin/env python3
"""Records the layers of torch.nn; see layer_recorder.py."""

from layer_recorder import LayerRecorder
from record import torch
from torch import nn

r = LayerRecorder("layers")

# conv
r.layer("conv1d", nn.Conv1d(2, 3, 3, stride=2, padding=1), r.randn(2, 2, 6))
r.layer("conv2d", nn.Conv2d(3, 4, 3, padding=1), r.randn(2, 3, 4, 5))
r.layer("conv2d strided", nn.Conv2d(4, 2, (3, 2), (2, 1), (1, 0), groups=2, bias=False), r.randn(1, 4, 5, 4))
r.layer("conv2d same", nn.Conv2d(2, 2, (2, 3), padding="same", dilation=2), r.randn(1, 2, 5, 5))
r.layer("conv2d depthwise", nn.Conv2d(4, 8, 3, padding=1, groups=4), r.randn(1, 4, 3, 4))
r.layer("conv2d unbatched", nn.Conv2d(2, 3, 1), r.randn(2, 3, 3))
for mode in "reflect", "replicate", "circular":
    r.layer(f"conv2d {mode}", nn.Conv2d(2, 1, 3, padding=(2, 1), padding_mode=mode), r.randn(1, 2, 4, 4))
r.layer("conv3d", nn.Conv3d(2, 2, (1, 2, 3), padding=(0, 1, 1)), r.randn(1, 2, 2, 3, 3))
r.layer("conv_transpose1d", nn.ConvTranspose1d(2, 3, 3, stride=2, output_padding=1), r.randn(2, 2, 4))
r.layer("conv_transpose2d", nn.ConvTranspose2d(4, 2, 2, stride=2), r.randn(1, 4, 3, 3))
r.layer(
    "conv_transpose2d grouped",
    nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, bias=False),
    r.randn(1, 4, 2, 3),
)
r.layer("conv_transpose2d dilated", nn.ConvTranspose2d(2, 2, (3, 2), dilation=(1, 2)), r.randn(1, 2, 3, 3))
r.layer("conv_transpose3d", nn.ConvTranspose3d(2, 1, 2, stride=(1, 2, 2)), r.randn(1, 2, 2, 2, 2))

# norm
r.layer("batch_norm1d", nn.BatchNorm1d(3), r.randn(4, 3))
r.layer("batch_norm1d length", nn.BatchNorm1d(3, eps=1e-3, momentum=0.3), r.randn(2, 3, 4))
r.layer("batch_norm2d", nn.BatchNorm2d(3), r.randn(2, 3, 2, 3))
r.layer("batch_norm2d plain", nn.BatchNorm2d(2, affine=False), r.randn(2, 2, 2, 2))
r.layer("batch_norm2d untracked", nn.BatchNorm2d(2, track_running_stats=False), r.randn(2, 2, 2, 2))
r.layer("batch_norm3d", nn.BatchNorm3d(2), r.randn(2, 2, 2, 2, 1))
r.layer("instance_norm1d", nn.InstanceNorm1d(2, eps=1e-2), r.randn(2, 2, 4))
r.layer("instance_norm2d", nn.InstanceNorm2d(3, affine=True), r.randn(2, 3, 2, 3))
r.layer("instance_norm2d unbatched", nn.InstanceNorm2d(3, affine=True), r.randn(3, 2, 3))
r.layer("instance_norm3d", nn.InstanceNorm3d(2, affine=True), r.randn(1, 2, 2, 2, 2))
r.layer("group_norm", nn.GroupNorm(2, 4, eps=1e-3), r.randn(2, 4, 2, 2))
r.layer("group_norm plain", nn.GroupNorm(2, 4, affine=False), r.randn(2, 4, 3))
r.layer("layer_norm", nn.LayerNorm(4), r.randn(2, 3, 4))
r.layer("layer_norm two axes", nn.LayerNorm((3, 4), eps=1e-2, bias=False), r.randn(2, 3, 4))
r.layer("layer_norm plain", nn.LayerNorm(4, elementwise_affine=False), r.randn(3, 4))
r.layer("rms_norm", nn.RMSNorm(4), r.randn(2, 3, 4))
r.layer("rms_norm eps", nn.RMSNorm((3, 4), eps=1e-2), r.randn(2, 3, 4))
r.layer("local_response_norm", nn.LocalResponseNorm(3, alpha=0.5, beta=0.6, k=0.8), r.randn(2, 5, 2))

# activation
x = r.randn(2, 4, 2, 2) * 3
for module in (
    [nn.ReLU(), nn.ReLU6(), nn.SiLU(), nn.SELU(), nn.Mish(), nn.Sigmoid(), nn.LogSigmoid()]
    + [nn.Hardsigmoid(), nn.Hardswish(), nn.Tanh(), nn.Tanhshrink(), nn.Softsign()]
    + [nn.GELU(), nn.LeakyReLU(), nn.ELU(), nn.CELU(), nn.Hardtanh(), nn.Softplus()]
    + [nn.Hardshrink(), nn.Softshrink(), nn.GLU(), nn.Softmax2d(), nn.PReLU()]
):
    r.layer(type(module).__name__, module, x)
for what, module in [
    ("GELU tanh", nn.GELU("tanh")),
    ("LeakyReLU 0.2", nn.LeakyReLU(0.2)),
    ("PReLU channels", nn.PReLU(4)),
    ("ELU 0.5", nn.ELU(0.5)),
    ("CELU 0.5", nn.CELU(0.5)),
    ("Hardtanh 2", nn.Hardtanh(-2, 1.5)),
    ("Softplus 2", nn.Softplus(2, 1)),
    ("Threshold", nn.Threshold(0.5, -2)),
    ("Hardshrink 1", nn.Hardshrink(1)),
    ("Softshrink 1", nn.Softshrink(1)),
    ("GLU channels", nn.GLU(1)),
    ("Softmax", nn.Softmax(1)),
    ("LogSoftmax", nn.LogSoftmax(1)),
    ("Softmin", nn.Softmin(-1)),
]:
    r.layer(what, module, x)

# pool
r.layer("max_pool1d", nn.MaxPool1d(2), r.randn(1, 2, 6))
r.layer("max_pool2d", nn.MaxPool2d(3, stride=2, padding=1), r.randn(1, 2, 5, 6))
r.layer("max_pool2d ceil", nn.MaxPool2d(2, ceil_mode=True), r.randn(1, 2, 5, 5))
r.layer("max_pool2d dilated", nn.MaxPool2d((2, 3), 1, dilation=(2, 1)), r.randn(2, 4, 4))
r.layer("max_pool3d", nn.MaxPool3d(2), r.randn(1, 1, 2, 4, 4))
r.layer("avg_pool1d", nn.AvgPool1d(3, 1, 1), r.randn(1, 2, 5))
r.layer("avg_pool2d", nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False), r.randn(1, 2, 4, 5))
r.layer("avg_pool2d divisor", nn.AvgPool2d(2, divisor_override=3), r.randn(1, 2, 4, 4))
r.layer("avg_pool3d", nn.AvgPool3d((1, 2, 2)), r.randn(1, 1, 2, 4, 4))
r.layer("adaptive_avg_pool1d", nn.AdaptiveAvgPool1d(2), r.randn(1, 2, 5))
r.layer("adaptive_avg_pool2d", nn.AdaptiveAvgPool2d((2, 3)), r.randn(1, 2, 5, 5))
r.layer("adaptive_avg_pool3d", nn.AdaptiveAvgPool3d(1), r.randn(1, 2, 2, 2, 2))
r.layer("adaptive_max_pool1d", nn.AdaptiveMaxPool1d(2), r.randn(1, 2, 5))
r.layer("adaptive_max_pool2d", nn.AdaptiveMaxPool2d(2), r.randn(1, 2, 5, 3))
r.layer("adaptive_max_pool3d", nn.AdaptiveMaxPool3d(1), r.randn(1, 2, 2, 2, 2))

x = r.randn(1, 2, 4, 4)
values, indices = nn.MaxPool2d(2, return_indices=True)(x)
r.layer("max_unpool2d", nn.MaxUnpool2d(2), values, indices)
values, indices = nn.MaxPool2d(2, return_indices=True)(r.randn(1, 1, 5, 4))
r.layer("max_unpool2d size", nn.MaxUnpool2d(2), values, indices, call=lambda m, x, i: m(x, i, output_size=(5, 4)))

# upsample
r.layer("upsample", nn.Upsample(scale_factor=2), r.randn(1, 2, 2, 3))
r.layer("upsample bilinear", nn.Upsample(scale_factor=2, mode="bilinear"), r.randn(1, 2, 3, 3))
r.layer("upsample size", nn.Upsample(size=(5, 4), mode="bilinear", align_corners=True), r.randn(1, 2, 3, 3))
r.layer("upsample trilinear", nn.Upsample(scale_factor=2, mode="trilinear"), r.randn(1, 1, 2, 2, 2))

# container
r.layer(
    "sequential",
    nn.Sequential(nn.Conv2d(2, 3, 3, padding=1, bias=False), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 1, 1)),
    r.randn(2, 2, 3, 3),
)

# linear, embedding
r.layer("linear", nn.Linear(3, 4), r.randn(2, 2, 3))
r.layer("linear vector", nn.Linear(3, 2, bias=False), r.randn(3))
r.layer("embedding", nn.Embedding(5, 3), r.randint(0, 5, 2, 3))
r.layer("embedding padded", nn.Embedding(5, 2, padding_idx=-2), torch.tensor([0, 2, 2, 4]))

# rearrange
r.layer("flatten", nn.Flatten(), r.randn(2, 2, 3))
r.layer("flatten some", nn.Flatten(0, 1), r.randn(2, 2, 3))
r.layer("unflatten", nn.Unflatten(1, (2, 3)), r.randn(2, 6, 2))
r.layer("pixel_shuffle", nn.PixelShuffle(2), r.randn(1, 8, 2, 3))
r.layer("pixel_unshuffle", nn.PixelUnshuffle(2), r.randn(1, 2, 4, 2))
r.layer("channel_shuffle", nn.ChannelShuffle(2), r.randn(1, 6, 2))

# pad
for axes in (1, 2, 3):
    x = r.randn(1, 2, *range(2, axes + 2))
    pads = (1, 0, 1, 1, 0, 1)[: 2 * axes]
    for kind in "ZeroPad", "ReflectionPad", "ReplicationPad", "CircularPad":
        name = f"{kind}{axes}d"
        r.layer(name, getattr(nn, name)(pads), x)
    name = f"ConstantPad{axes}d"
    r.layer(name, getattr(nn, name)(1, 0.5), x)

r.save()
