#!/usr/bin/env python3
"""Records blocks of networks, written with torch.nn; see layer_recorder.py."""

from layer_recorder import LayerRecorder
from record import torch
from torch import nn

r = LayerRecorder("blocks")


class Block(nn.Module):
    """Members by name, and how they are used."""

    def __init__(self, forward, **members):
        super().__init__()
        for name, module in members.items():
            self.add_module(name, module)
        self.body = forward

    def forward(self, x):
        return self.body(self, x)


def conv3x3(cin, cout, stride=1, dilation=1):
    return nn.Conv2d(cin, cout, 3, stride, dilation, dilation, bias=False)


def conv1x1(cin, cout, stride=1):
    return nn.Conv2d(cin, cout, 1, stride, bias=False)


def double_conv(cin, mid, cout, norm, act, bias):
    layers = [nn.Conv2d(cin, mid, 3, padding=1, bias=bias), norm(mid), act()]
    layers += [nn.Conv2d(mid, cout, 3, padding=1, bias=bias), norm(cout), act()]
    return Block(lambda m, x: m.double_conv(x), double_conv=nn.Sequential(*layers))


r.layer("double_conv", double_conv(2, 3, 3, nn.BatchNorm2d, nn.ReLU, True), r.randn(2, 2, 4, 3))
r.layer(
    "double_conv group",
    double_conv(1, 4, 2, lambda c: nn.GroupNorm(c, c), nn.SiLU, False),
    r.randn(1, 1, 3, 3),
)

r.layer(
    "conv_norm_act",
    Block(
        lambda m, x: m.act(m.norm(m.conv(x))),
        conv=nn.Conv2d(2, 4, 3, 2, 2, 2, 2, bias=False),
        norm=nn.BatchNorm2d(4),
        act=nn.LeakyReLU(),
    ),
    r.randn(2, 2, 5, 5),
)
r.layer(
    "conv_norm_act plain",
    Block(lambda m, x: m.conv(x), conv=nn.Conv2d(2, 2, (1, 3), padding=(0, 1))),
    r.randn(1, 2, 2, 4),
)
r.layer(
    "depthwise_separable",
    Block(
        lambda m, x: m.pointwise(m.depthwise(x)),
        depthwise=nn.Conv2d(3, 3, 3, 2, 1, groups=3, bias=False),
        pointwise=conv1x1(3, 2),
    ),
    r.randn(1, 3, 4, 4),
)
r.layer(
    "squeeze_excite",
    Block(
        lambda m, x: x * m.fc2(m.fc1(x.mean((2, 3), keepdim=True)).relu()).sigmoid(),
        fc1=nn.Conv2d(4, 2, 1),
        fc2=nn.Conv2d(2, 4, 1),
    ),
    r.randn(2, 4, 2, 3),
)


def residual(m, x):
    y = m.bn2(m.conv2(m.bn1(m.conv1(x)).relu()))
    if hasattr(m, "conv3"):
        y = m.bn3(m.conv3(y.relu()))
    return (y + (m.downsample(x) if hasattr(m, "downsample") else x)).relu()


def basic(cin, planes, stride=1, dilation=1):
    shortcut = nn.Sequential(conv1x1(cin, planes, stride), nn.BatchNorm2d(planes))
    return Block(
        residual,
        conv1=conv3x3(cin, planes, stride, dilation),
        bn1=nn.BatchNorm2d(planes),
        conv2=conv3x3(planes, planes, 1, dilation),
        bn2=nn.BatchNorm2d(planes),
        **({"downsample": shortcut} if stride != 1 or cin != planes else {}),
    )


def bottleneck(cin, planes, stride=1, dilation=1):
    cout = 4 * planes
    shortcut = nn.Sequential(conv1x1(cin, cout, stride), nn.BatchNorm2d(cout))
    return Block(
        residual,
        conv1=conv1x1(cin, planes),
        bn1=nn.BatchNorm2d(planes),
        conv2=conv3x3(planes, planes, stride, dilation),
        bn2=nn.BatchNorm2d(planes),
        conv3=conv1x1(planes, cout),
        bn3=nn.BatchNorm2d(cout),
        **({"downsample": shortcut} if stride != 1 or cin != cout else {}),
    )


r.layer("basic", basic(2, 2), r.randn(2, 2, 3, 3))
r.layer("basic stride", basic(2, 3, 2), r.randn(2, 2, 4, 4))
r.layer("bottleneck", bottleneck(8, 2), r.randn(2, 8, 3, 3))
r.layer("bottleneck dilated", bottleneck(2, 1, 1, 2), r.randn(2, 2, 4, 3))


def atrous(cin, cout, kernel, dilation):
    return Block(
        lambda m, x: m.bn(m.atrous_conv(x)).relu(),
        atrous_conv=nn.Conv2d(cin, cout, kernel, 1, dilation * (kernel // 2), dilation, bias=False),
        bn=nn.BatchNorm2d(cout),
    )


def aspp(m, x):
    mean = m.global_avg_pool(x).expand(-1, -1, *x.shape[2:])
    return m.bn1(m.conv1(torch.cat([m.aspp1(x), m.aspp2(x), m.aspp3(x), mean], 1))).relu()


r.layer(
    "aspp",
    Block(
        aspp,
        aspp1=atrous(3, 2, 1, 1),
        aspp2=atrous(3, 2, 3, 1),
        aspp3=atrous(3, 2, 3, 2),
        global_avg_pool=nn.Sequential(
            nn.AdaptiveAvgPool2d(1), conv1x1(3, 2), nn.BatchNorm2d(2), nn.ReLU()
        ),
        conv1=conv1x1(8, 2),
        bn1=nn.BatchNorm2d(2),
    ),
    r.randn(2, 3, 4, 4),
)


def attention(what, module, *inputs, **masks):
    for name, mask in masks.items():
        if isinstance(mask, torch.Tensor):
            r.add(f"{what}/{name}", mask)
    r.layer(what, module, *inputs, call=lambda m, *xs: m(*xs, need_weights=False, **masks)[0])


def no(*shape):
    """A mask that is true at some places, but never for all keys."""
    mask = r.rand(*shape) < 0.4
    mask[..., 0] = False
    return mask


q, k, v = r.randn(3, 2, 4), r.randn(5, 2, 4), r.randn(5, 2, 4)
attention("attention", nn.MultiheadAttention(4, 2), q, k, v)
attention(
    "attention dims",
    nn.MultiheadAttention(4, 2, bias=False, kdim=3, vdim=2, batch_first=True),
    r.randn(2, 3, 4),
    r.randn(2, 5, 3),
    r.randn(2, 5, 2),
)
attention("attention unbatched", nn.MultiheadAttention(4, 1), r.randn(3, 4), r.randn(2, 4), r.randn(2, 4))
attention("attention mask", nn.MultiheadAttention(4, 2), q, k, v, attn_mask=no(3, 5))
attention("attention float mask", nn.MultiheadAttention(4, 2), q, k, v, attn_mask=r.randn(4, 3, 5))
attention("attention padding", nn.MultiheadAttention(4, 2), q, k, v, key_padding_mask=no(2, 5))
attention(
    "attention both",
    nn.MultiheadAttention(4, 2),
    q,
    k,
    v,
    attn_mask=no(4, 3, 5),
    key_padding_mask=no(2, 5),
)

x, causal = r.randn(3, 2, 4), nn.Transformer.generate_square_subsequent_mask(3, dtype=torch.float64)
r.layer("encoder", nn.TransformerEncoderLayer(4, 2, 6, dropout=0), x)
r.layer(
    "encoder first",
    nn.TransformerEncoderLayer(4, 2, 6, 0, "gelu", 1e-3, batch_first=True, norm_first=True, bias=False),
    x,
)
r.layer(
    "encoder causal",
    nn.TransformerEncoderLayer(4, 2, 6, dropout=0),
    x,
    call=lambda m, x: m(x, causal, is_causal=True),
)

r.save()
