"""Records a small U-Net: its output under given weights, and ten steps of training it.

Makes tests/data/unet.safetensors and unet_transposed.safetensors: "start/<name>" weights, "x",
"target", "y" (logits in training mode), "eval" (logits after training, in evaluation mode),
"losses", "end/<name>" weights. Width 2 keeps the files small; everything is in f32.
"""

import torch
from torch import nn
from torch.nn import functional as F

from record import Recorder

WIDTH = 2


class DoubleConv(nn.Module):
    def __init__(self, inputs, outputs, middle=None):
        super().__init__()
        middle = middle or outputs
        self.double_conv = nn.Sequential(
            nn.Conv2d(inputs, middle, 3, padding=1), nn.BatchNorm2d(middle), nn.ReLU(),
            nn.Conv2d(middle, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())

    def forward(self, x):
        return self.double_conv(x)


class Down(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(inputs, outputs))

    def forward(self, x):
        return self.maxpool_conv(x)


class Up(nn.Module):
    def __init__(self, inputs, outputs, bilinear):
        super().__init__()
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode="bilinear")
            self.conv = DoubleConv(inputs, outputs, inputs // 2)
        else:
            self.up = nn.ConvTranspose2d(inputs, inputs // 2, 2, stride=2)
            self.conv = DoubleConv(inputs, outputs)

    def forward(self, deep, skip):
        return self.conv(torch.cat([skip, self.up(deep)], 1))


class Out(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x):
        return self.conv(x)


class UNet(nn.Module):
    def __init__(self, channels, classes, bilinear, width=64):
        super().__init__()
        w, f = width, 2 if bilinear else 1
        self.inc = DoubleConv(channels, w)
        self.down1 = Down(w, 2 * w)
        self.down2 = Down(2 * w, 4 * w)
        self.down3 = Down(4 * w, 8 * w)
        self.down4 = Down(8 * w, 16 * w // f)
        self.up1 = Up(16 * w, 8 * w // f, bilinear)
        self.up2 = Up(8 * w, 4 * w // f, bilinear)
        self.up3 = Up(4 * w, 2 * w // f, bilinear)
        self.up4 = Up(2 * w, w, bilinear)
        self.outc = Out(w, classes)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        x4 = self.down3(x3)
        x5 = self.down4(x4)
        return self.outc(self.up4(self.up3(self.up2(self.up1(x5, x4), x3), x2), x1))


def weights(model):
    return {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}


def record(name, bilinear):
    torch.manual_seed(0)
    r = Recorder(name)
    model = UNet(3, 2, bilinear, WIDTH)
    for key, value in weights(model).items():
        r.add(f"start/{key}", value)
    x = r.randn(2, 3, 32, 48).float()
    target = (r.randn(2, 32, 48) > 0.5).long()
    r.add("x", x)
    r.add("target", target)
    r.add("y", model(x))
    model.load_state_dict({k: v for k, v in weights(model).items()} | {
        k[6:]: v for k, v in r.tensors.items() if k.startswith("start/")}, strict=False)
    # In double: rounding errors of float soon decide on which side of a relu a pixel ends up.
    model.double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(10):
        loss = F.cross_entropy(model(x.double()), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    r.add("losses", torch.tensor(losses, dtype=torch.float64))
    model.float().eval()
    for key, value in weights(model).items():
        r.add(f"end/{key}", value)
    r.add("eval", model(x))
    r.save()


if __name__ == "__main__":
    for bilinear in (True, False):
        print(sum(p.numel() for p in UNet(3, 2, bilinear).parameters()))
        record("unet" if bilinear else "unet_transposed", bilinear)
