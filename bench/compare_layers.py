#!/usr/bin/env python3
"""How fast are layers that are no contractions, beside PyTorch's?

    python3 bench/compare_layers.py build/layers [--threads 2] [--rounds 7] [--only WORD ...]

Runs each layer in two processes, the program built from bench/layers.cpp and PyTorch, which take
turns: on a machine that others use too, only ratios of interleaved runs mean something. Needs an
interpreter with torch. Shows medians in milliseconds, of the layer alone and with the gradients of
all its inputs, and how many times as long PyTorch takes (median, and ratio of the least).
"""

import argparse
import statistics
import subprocess
import sys
import time

N = 256
MAP, HALF, TOKENS = (4, 32, N, N), (4, 32, N // 2, N // 2), (8, 4 * N, N)
HEADS, SHORT = (16, 4 * N, 64), (128, N // 4, 32)


def torch_layers():
    """Functions of their inputs, and the shapes of those, by the names of layers.cpp."""
    import torch
    import torch.nn.functional as F

    target = torch.randint(0, 4, (4, N, N))
    one_hot = F.one_hot(target, 4).movedim(-1, 1).float()

    def dice(x):
        p = torch.softmax(x, 1)
        both, sides = (p * one_hot).sum((2, 3)), (p + one_hot).sum((2, 3))
        return (1 - (2 * both + 1e-5) / (sides + 1e-5)).mean()

    def resized(**options):
        return lambda x: F.interpolate(x, **options)

    def attention(causal):
        return lambda q, k, v: F.scaled_dot_product_attention(
            q[None], k[None], v[None], is_causal=causal)[0]

    def sampled(x, grid):
        return F.grid_sample(x, grid * 0.5, align_corners=False)

    return {
        "batch_norm": ([MAP], lambda x: F.batch_norm(x, None, None, training=True)),
        "instance_norm": ([MAP], F.instance_norm),
        "group_norm": ([MAP], lambda x: F.group_norm(x, 8)),
        "layer_norm": ([TOKENS, (N,), (N,)], lambda x, w, b: F.layer_norm(x, (N,), w, b)),
        "softmax": ([TOKENS], lambda x: torch.softmax(x, -1)),
        "softmax_maps": ([MAP], lambda x: torch.softmax(x, 1)),
        "cross_entropy": ([(4, 4, N, N)], lambda x: F.cross_entropy(x, target)),
        "dice": ([(4, 4, N, N)], dice),
        "dice_ce": ([(4, 4, N, N)], lambda x: dice(x) + F.cross_entropy(x, target)),
        "gelu": ([TOKENS], F.gelu),
        "attention": ([HEADS] * 3, attention(False)),
        "attention_causal": ([HEADS] * 3, attention(True)),
        "attention_short": ([SHORT] * 3, attention(False)),
        "max_pool": ([MAP], lambda x: F.max_pool2d(x, 2)),
        "avg_pool": ([MAP], lambda x: F.avg_pool2d(x, 2)),
        "nearest": ([HALF], resized(scale_factor=2)),
        "bilinear": ([HALF], resized(scale_factor=2, mode="bilinear")),
        "bilinear_odd": ([HALF], resized(size=(N + 3, N + 1), mode="bilinear",
                                         align_corners=True)),
        "trilinear": ([(1, 32, N // 8, N // 8, N // 8)],
                      resized(scale_factor=2, mode="trilinear")),
        "grid_sample": ([(4, 3, N, N), (4, N, N, 2)], sampled),
        "grid_sample_deep": ([MAP, (4, N, N, 2)], sampled),
        "cat": ([MAP, MAP], lambda a, b: torch.cat([a, b], 1)),
    }


def torch_side(threads):
    """Answers like the program."""
    import torch

    torch.set_num_threads(threads)
    made = {}
    for line in sys.stdin:
        name, mode = line.split()
        if name not in made:
            shapes, function = torch_layers()[name]
            inputs = [torch.randn(shape, requires_grad=True) for shape in shapes]
            with torch.no_grad():
                seed = torch.randn_like(function(*inputs))
            made[name] = (function, inputs, seed)
        function, inputs, seed = made[name]
        begin = time.perf_counter()
        if mode == "train":
            torch.autograd.grad(function(*inputs), inputs, seed)
        else:
            with torch.no_grad():
                function(*inputs)
        print(f"{time.perf_counter() - begin:.6f}", flush=True)


class Side:
    """One of the two processes."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def seconds(self, name, mode):
        self.process.stdin.write(f"{name} {mode}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"compare_layers: {self.process.args} ended at {name}")
        return float(line)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layers", help="the program built from bench/layers.cpp")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="*", default=[], help="layers with one of these words")
    args = parser.parse_args()
    ours = Side([args.layers, str(args.threads)])
    theirs = Side([sys.executable, __file__, "--torch", str(args.threads)])
    print(f"{args.threads} threads, medians of {args.rounds} interleaved rounds, milliseconds")
    print(f"{'':18} {'forward':>9} {'PyTorch':>9} {'ratio':>6} {'least':>6}"
          f" {'train':>9} {'PyTorch':>9} {'ratio':>6} {'least':>6}")
    for name in torch_layers():
        if args.only and not any(word in name for word in args.only):
            continue
        cells = []
        for mode in ("forward", "train"):
            times = [[], []]
            for round_number in range(-2, args.rounds):
                for side, kept in zip((ours, theirs), times):
                    seconds = side.seconds(name, mode)
                    if round_number >= 0:
                        kept.append(seconds)
            a, b = (statistics.median(t) for t in times)
            cells.append(f"{a * 1e3:9.2f} {b * 1e3:9.2f} {b / a:6.2f} "
                         f"{min(times[1]) / min(times[0]):6.2f}")
        print(f"{name:18} {' '.join(cells)}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--torch":
        torch_side(int(sys.argv[2]))
    else:
        main()
