#!/usr/bin/env python3
"""How fast are the same steps in PyTorch?

    python3 bench/compare_torch.py build/step [--threads 2] [--rounds 5] [--venv DIR] [--work WORD]

Runs each piece of work in two processes, this library's `step` and PyTorch, which take turns step
by step: on a machine that others use too, only ratios of interleaved runs mean something. Shows
medians and minima, and the ratio PyTorch / tessera (above 1: tessera is faster). When PyTorch
cannot be imported, it is installed from PyPI into a virtual environment outside of the repository.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

WORKS = {  # name: mode, network, channels, classes, batch, size
    "train unet(64) 256 x 4": ("train", "unet(bilinear=false,width=64)", 3, 2, 4, 256),
    "train unet(16) 128 x 8": ("train", "unet(width=16)", 3, 2, 8, 128),
    "train unet(64) 64 x 1": ("train", "unet(width=64)", 3, 2, 1, 64),
    "infer unet(64) 256 x 4": ("infer", "unet(bilinear=false,width=64)", 3, 2, 4, 256),
    "infer unet(16) 128 x 8": ("infer", "unet(width=16)", 3, 2, 8, 128),
}


class Side:
    """A process that does one step for each line it reads."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.wall, self.processor, self.system, self.faults, self.memory = [], [], [], [], []

    def step(self, keep):
        self.process.stdin.write("step\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline().split()
        if len(line) < 5:
            sys.exit("compare_torch: a side ended early: " + " ".join(self.process.args))
        if keep:
            for values, word in zip(
                    (self.wall, self.processor, self.system, self.faults, self.memory), line):
                values.append(float(word))

    def end(self):
        self.process.communicate("end\n")


def torch_side(mode, network, channels, classes, batch, size, threads, channels_last):
    """The PyTorch process: prints the same line as bench/step.cpp."""
    import resource

    import torch
    import torch.nn.functional as F
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(0)

    def double_conv(a, b, mid=None):
        mid = mid or b
        return nn.Sequential(
            nn.Conv2d(a, mid, 3, padding=1), nn.BatchNorm2d(mid), nn.ReLU(inplace=True),
            nn.Conv2d(mid, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(inplace=True))

    class UNet(nn.Module):
        def __init__(self, w, bilinear):
            super().__init__()
            f = 2 if bilinear else 1
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

    options = dict(o.split("=") for o in network[network.index("(") + 1:-1].split(","))
    model = UNet(int(options["width"]), options.get("bilinear", "true") == "true")
    x = torch.randn(batch, channels, size, size)
    target = torch.randint(0, classes, (batch, size, size))
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    adam = torch.optim.Adam(model.parameters(), 1e-3)
    if mode == "infer":
        model.eval()

    def step():
        if mode == "infer":
            with torch.no_grad():
                return model(x).mean().item()
        adam.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(x), target)
        loss.backward()
        adam.step()
        return loss.item()

    for word in sys.stdin:
        if word.strip() != "step":
            return
        usage, wall = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        loss = step()
        wall = time.perf_counter() - wall
        after = resource.getrusage(resource.RUSAGE_SELF)
        system = after.ru_stime - usage.ru_stime
        print(f"{wall:.4f} {after.ru_utime - usage.ru_utime + system:.4f} {system:.4f} "
              f"{after.ru_minflt - usage.ru_minflt} {after.ru_maxrss / 1024:.1f} {loss:.5f}",
              flush=True)


def python_with_torch(venv):
    """An interpreter that can import torch."""
    for python in (sys.executable, os.path.join(venv, "bin", "python")):
        if os.path.exists(python) and subprocess.run(
                [python, "-c", "import torch"], capture_output=True).returncode == 0:
            return python
    print(f"compare_torch: installing PyTorch into {venv}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    python = os.path.join(venv, "bin", "python")
    subprocess.run([python, "-m", "pip", "install", "-q", "torch", "numpy"], check=True)
    return python


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", help="the program built from bench/step.cpp")
    parser.add_argument("--work", dest="works", action="append", metavar="WORK",
                        help="only those with this word in: " + "; ".join(WORKS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--channels-last", action="store_true", help="PyTorch's other layout")
    parser.add_argument("--venv", default=os.path.expanduser("~/.cache/tessera-torch"))
    args = parser.parse_args()
    python = python_with_torch(args.venv)
    print(f"{args.threads} threads, {args.rounds} interleaved rounds; seconds: median (least) on "
          "the wall, least of processor time; faults: of pages, in the median step")
    print(f"{'':24} {'tessera':>17} {'cpu':>7} {'faults':>7} {'PyTorch':>17} {'cpu':>7} "
          f"{'faults':>7}   {'wall':>5} {'best':>5} {'cpu':>5}")
    for name, work in WORKS.items():
        if args.works and not any(part in name for part in args.works):
            continue
        words = [str(word) for word in work] + [str(args.threads)]
        sides = [Side([args.step, *words]),
                 Side([python, __file__, "--torch", *words, str(int(args.channels_last))])]
        for round_number in range(-1, args.rounds):
            for side in sides:
                side.step(keep=round_number >= 0)
        for side in sides:
            side.end()
        cells = [f"{statistics.median(s.wall):8.3f} ({min(s.wall):6.3f}) {min(s.processor):7.3f} "
                 f"{statistics.median(s.faults):7.0f}" for s in sides]
        ours, theirs = sides
        print(f"{name:24} {cells[0]} {cells[1]}   "
              f"{statistics.median(theirs.wall) / statistics.median(ours.wall):5.2f} "
              f"{min(theirs.wall) / min(ours.wall):5.2f} "
              f"{min(theirs.processor) / min(ours.processor):5.2f}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] == "--torch":
        mode, network, *numbers = sys.argv[2:]
        *sizes, threads, last = (int(n) for n in numbers)
        torch_side(mode, network, *sizes, threads, bool(last))
    else:
        main()
