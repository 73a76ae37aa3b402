"""The networks of bench/networks.h and the U-Net of the catalogue, in PyTorch."""

import torch
import torch.nn.functional as F
from torch import nn


def conv_norm(a, b, kernel, stride=1, groups=1, dilation=1):
    return [nn.Conv2d(a, b, kernel, stride, dilation * (kernel // 2), dilation, groups, bias=False),
            nn.BatchNorm2d(b)]


def conv_norm_relu(*args, **options):
    return [*conv_norm(*args, **options), nn.ReLU(inplace=True)]


def double_conv(a, b, mid=None, axes=2):
    mid = mid or b
    conv, norm = (nn.Conv2d, nn.BatchNorm2d) if axes == 2 else (nn.Conv3d, nn.BatchNorm3d)
    return nn.Sequential(conv(a, mid, 3, padding=1), norm(mid), nn.ReLU(inplace=True),
                         conv(mid, b, 3, padding=1), norm(b), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self, channels, classes, width=64, bilinear=True):
        super().__init__()
        w, f = width, 2 if bilinear else 1
        self.inc = double_conv(channels, w)
        self.down = nn.ModuleList(
            [double_conv(w, 2 * w), double_conv(2 * w, 4 * w), double_conv(4 * w, 8 * w),
             double_conv(8 * w, 16 * w // f)])
        ins = [16 * w, 8 * w, 4 * w, 2 * w]
        outs = [8 * w // f, 4 * w // f, 2 * w // f, w]
        self.up = nn.ModuleList(
            [nn.Upsample(scale_factor=2, mode="bilinear") if bilinear else
             nn.ConvTranspose2d(i, i // 2, 2, stride=2) for i in ins])
        self.conv = nn.ModuleList(
            [double_conv(i, o, i // 2 if bilinear else o) for i, o in zip(ins, outs)])
        self.out = nn.Conv2d(w, classes, 1)

    def forward(self, x):
        skips = [self.inc(x)]
        for down in self.down:
            skips.append(down(F.max_pool2d(skips[-1], 2)))
        y = skips.pop()
        for up, conv in zip(self.up, self.conv):
            y = conv(torch.cat([skips.pop(), up(y)], 1))
        return self.out(y)


class UNet3d(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        widths = [32, 64, 128, 256]
        self.down = nn.ModuleList(
            [double_conv(a, b, axes=3) for a, b in zip([channels, *widths], widths)])
        self.up = nn.ModuleList([nn.ConvTranspose3d(2 * w, w, 2, stride=2) for w in widths[2::-1]])
        self.joined = nn.ModuleList([double_conv(2 * w, w, axes=3) for w in widths[2::-1]])
        self.out = nn.Conv3d(32, classes, 1)

    def forward(self, x):
        skips = [self.down[0](x)]
        for down in self.down[1:]:
            skips.append(down(F.max_pool3d(skips[-1], 2)))
        y = skips.pop()
        for up, joined in zip(self.up, self.joined):
            y = joined(torch.cat([skips.pop(), up(y)], 1))
        return self.out(y)


class Bottleneck(nn.Module):
    def __init__(self, a, planes, stride=1, dilation=1):
        super().__init__()
        self.conv = nn.Sequential(
            *conv_norm_relu(a, planes, 1),
            *conv_norm_relu(planes, planes, 3, stride, dilation=dilation),
            *conv_norm(planes, 4 * planes, 1))
        same = a == 4 * planes and stride == 1
        self.shortcut = nn.Identity() if same else nn.Sequential(
            *conv_norm(a, 4 * planes, 1, stride))

    def forward(self, x):
        return F.relu(self.conv(x) + self.shortcut(x), inplace=True)


class DeepLab(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()

        def stage(a, planes, blocks, stride, dilation):
            return [Bottleneck(a, planes, stride, dilation),
                    *(Bottleneck(4 * planes, planes, 1, dilation) for _ in range(blocks - 1))]

        self.stem = nn.Sequential(*conv_norm_relu(channels, 64, 7, 2), nn.MaxPool2d(3, 2, 1))
        self.shallow = nn.Sequential(*stage(64, 64, 3, 1, 1))
        self.deep = nn.Sequential(*stage(256, 128, 4, 2, 1), *stage(512, 256, 23, 2, 1),
                                  *stage(1024, 512, 3, 1, 2))
        self.aspp = nn.ModuleList(
            [nn.Sequential(*conv_norm_relu(2048, 256, 1)),
             *(nn.Sequential(*conv_norm_relu(2048, 256, 3, dilation=d)) for d in (6, 12, 18))])
        self.mean = nn.Sequential(nn.AdaptiveAvgPool2d(1), *conv_norm_relu(2048, 256, 1))
        self.joined = nn.Sequential(*conv_norm_relu(1280, 256, 1))
        self.reduce = nn.Sequential(*conv_norm_relu(256, 48, 1))
        self.head = nn.Sequential(*conv_norm_relu(304, 256, 3), *conv_norm_relu(256, 256, 3),
                                  nn.Conv2d(256, classes, 1))

    def forward(self, x):
        low = self.shallow(self.stem(x))
        deep = self.deep(low)
        seen = [branch(deep) for branch in self.aspp]
        seen.append(F.interpolate(self.mean(deep), deep.shape[2:]))
        high = F.interpolate(self.joined(torch.cat(seen, 1)), scale_factor=4, mode="bilinear")
        y = self.head(torch.cat([self.reduce(low), high], 1))
        return F.interpolate(y, scale_factor=4, mode="bilinear")


class MobileNet(nn.Module):
    class Block(nn.Module):
        def __init__(self, a, b, expansion, stride):
            super().__init__()
            wide = a * expansion
            layers = conv_norm_relu(a, wide, 1) if expansion > 1 else []
            layers += conv_norm_relu(wide, wide, 3, stride, wide)
            self.conv = nn.Sequential(*layers, *conv_norm(wide, b, 1))
            self.residual = a == b and stride == 1

        def forward(self, x):
            return self.conv(x) + x if self.residual else self.conv(x)

    def __init__(self, channels, classes):
        super().__init__()
        layers, a = conv_norm_relu(channels, 32, 3, 2), 32
        for expansion, b, blocks, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2),
                                             (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
                                             (6, 320, 1, 1)):
            for i in range(blocks):
                layers.append(self.Block(a, b, expansion, stride if i == 0 else 1))
                a = b
        self.features = nn.Sequential(*layers, *conv_norm_relu(320, 1280, 1))
        self.classifier = nn.Linear(1280, classes)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class VisionTransformer(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.patches = nn.Conv2d(channels, 384, 16, 16)
        self.layers = nn.Sequential(
            *(nn.TransformerEncoderLayer(384, 6, 1536, 0, "gelu", batch_first=True, norm_first=True)
              for _ in range(6)))
        self.classifier = nn.Linear(384, classes)

    def forward(self, x):
        return self.classifier(self.layers(self.patches(x).flatten(2).transpose(1, 2)).mean(1))


def make(name, channels, classes):
    """The network of that name, which may end in options of U-Net: "unet(width=16)"."""
    others = {"deeplab": DeepLab, "mobilenet": MobileNet, "vit": VisionTransformer,
              "unet3d": UNet3d}
    if name in others:
        return others[name](channels, classes)
    options = dict(o.split("=") for o in name[name.index("(") + 1:-1].split(","))
    return UNet(channels, classes, int(options["width"]),
                options.get("bilinear", "true") == "true")
