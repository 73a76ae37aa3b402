#!/usr/bin/env python3
"""How fast are the same steps in PyTorch, and how much memory do they take?

    python3 bench/compare_torch.py build/step [--threads 2] [--rounds 5] [--setting S]... [--work W]...

Runs each piece of work in processes of their own, this library's `step` and PyTorch in each of the
settings, which take turns step by step: on a machine that others use too, only ratios of interleaved
runs mean something. Shows PyTorch / tessera (above 1: tessera is better) of the median and the least
time on the wall, of the least processor time and of the most memory beyond what the process had
before the network was made. The first three steps, which make plans and fill caches, do not count.

Settings: `default`; `last`, channels-last; `tuned`, that with an allocator that keeps its memory;
`compile`, that compiled by torch.compile; `bf16`, `tuned` under autocast, beside which tessera runs
in f32, or with --amp in bf16, too. With --device cuda both compute on the GPU, and the columns of
processor time and memory are those of the machine around it. When PyTorch cannot be imported, it is installed from PyPI into a virtual environment
outside of the repository.
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
    "train unet3d 64 x 1": ("train", "unet3d", 1, 2, 1, 64),
    "train deeplab 256 x 2": ("train", "deeplab", 3, 2, 2, 256),
    "train mobilenet 224 x 8": ("train", "mobilenet", 3, 10, 8, 224),
    "train vit 224 x 8": ("train", "vit", 3, 10, 8, 224),
    "infer unet(64) 256 x 4": ("infer", "unet(bilinear=false,width=64)", 3, 2, 4, 256),
    "infer unet(16) 128 x 8": ("infer", "unet(width=16)", 3, 2, 8, 128),
    "infer unet3d 64 x 1": ("infer", "unet3d", 1, 2, 1, 64),
    "infer deeplab 256 x 2": ("infer", "deeplab", 3, 2, 2, 256),
    "infer mobilenet 224 x 8": ("infer", "mobilenet", 3, 10, 8, 224),
    "infer vit 224 x 8": ("infer", "vit", 3, 10, 8, 224),
}
SETTINGS = ("default", "last", "tuned", "compile", "bf16")
KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_MMAP_THRESHOLD_": str(1 << 40),
               "MALLOC_TOP_PAD_": str(1 << 26)}
WARM_UP = 3


class Side:
    """A process that does one step for each line it reads."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **environment})
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


def torch_side(device, setting, mode, network, channels, classes, batch, size, threads):
    """The PyTorch process: prints the same line as bench/step.cpp."""
    import resource

    import torch
    import torch.nn.functional as F
    from torch_networks import make

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    torch.ones(1 << 20).add_(1)  # starts the threads
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.benchmark = setting != "default"
    model = make(network, channels, classes).to(device)
    axes = 3 if network == "unet3d" else 2
    x = torch.randn(batch, channels, *[size] * axes, device=device)
    if setting != "default":
        layout = torch.channels_last if axes == 2 else torch.channels_last_3d
        model, x = model.to(memory_format=layout), x.contiguous(memory_format=layout)
    adam = torch.optim.Adam(model.parameters(), 1e-3)
    if mode == "infer":
        model.eval()
    with torch.no_grad():
        shape = model(x[:2]).shape
    target = torch.randint(0, classes, (batch, *shape[2:]), device=device)
    run = torch.compile(model) if setting == "compile" else model
    amp = torch.autocast(device, torch.bfloat16, enabled=setting == "bf16")

    def step():
        if mode == "infer":
            with torch.no_grad(), amp:
                return run(x).float().mean().item()
        adam.zero_grad(set_to_none=True)
        with amp:
            loss = F.cross_entropy(run(x).float(), target)
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
              f"{after.ru_minflt - usage.ru_minflt} {(after.ru_maxrss - before) / 1024:.1f} "
              f"{loss:.5f}", flush=True)


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


def compare(name, step, python, settings, args):
    words = [str(word) for word in WORKS[name]] + [str(args.threads)]
    options = ["--device", args.device] + ["--amp"] * args.amp
    sides = [Side([step, *options, *words], {})]
    for setting in settings:
        sides.append(Side([python, __file__, "--torch", args.device, setting, *words],
                          {} if setting in ("default", "last") else KEEP_MEMORY))
    for round_number in range(-WARM_UP, args.rounds):
        for side in sides:
            side.step(keep=round_number >= 0)
    for side in sides:
        side.end()
    ours, *others = sides
    for setting, theirs in zip(settings, others):
        median, least = statistics.median, min
        ratios = [median(theirs.wall) / median(ours.wall), least(theirs.wall) / least(ours.wall),
                  least(theirs.processor) / least(ours.processor),
                  max(theirs.memory) / max(ours.memory)]
        print(f"{name:24} {setting:8} {median(ours.wall):8.3f} {median(theirs.wall):8.3f}  "
              + " ".join(f"{ratio:6.2f}" for ratio in ratios)
              + f"   {max(ours.memory):6.0f} {max(theirs.memory):6.0f} "
              f"{median(ours.faults):7.0f} {median(theirs.faults):8.0f}", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", help="the program built from bench/step.cpp")
    parser.add_argument("--work", dest="works", action="append", metavar="WORK",
                        help="only those with this word in: " + "; ".join(WORKS))
    parser.add_argument("--setting", dest="settings", action="append", choices=SETTINGS,
                        help="of PyTorch; default and tuned where left out")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--amp", action="store_true", help="tessera computes in bf16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--venv", default=os.path.expanduser("~/.cache/tessera-torch"))
    args = parser.parse_args()
    python = python_with_torch(args.venv)
    print(f"{args.device}, {args.threads} threads, {args.rounds} interleaved rounds")
    print(f"{'':33} {'median seconds':>17}   {'PyTorch / tessera':^27}   {'memory, MiB':>13} "
          f"{'page faults':>16}")
    print(f"{'':33} {'tessera':>8} {'PyTorch':>8}  {'median':>6} {'least':>6} {'cpu':>6} "
          f"{'memory':>6}")
    for name in WORKS:
        if not args.works or any(part in name for part in args.works):
            compare(name, args.step, python, args.settings or ["default", "tuned"], args)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] == "--torch":
        device, setting, mode, network, *sizes = sys.argv[2:]
        torch_side(device, setting, mode, network, *(int(n) for n in sizes))
    else:
        main()
