#!/usr/bin/env python3
"""How fast is augmentation beside TorchIO, MONAI and nnU-Net's batchgeneratorsv2, on one core?

    python3 bench/compare_augment.py build/augment [--rounds 15] [--word motion]

Runs each step in turn here and in bench/augment, on the same sizes, with image and mask where the
step moves things: on a machine that others use too, only ratios of interleaved runs mean something.
Shows medians of processor time and their ratio (above 1: tessera is faster). Needs Python with torch,
torchio, monai and batchgeneratorsv2.
"""

import argparse
import os
import statistics
import subprocess
import time
import warnings

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
warnings.simplefilter("ignore")

import monai.transforms as M  # noqa: E402
import SimpleITK as sitk  # noqa: E402
import torch  # noqa: E402
import torchio as T  # noqa: E402
from batchgeneratorsv2.transforms.intensity.brightness import MultiplicativeBrightnessTransform  # noqa: E402
from batchgeneratorsv2.transforms.intensity.contrast import BGContrast, ContrastTransform  # noqa: E402
from batchgeneratorsv2.transforms.intensity.gamma import GammaTransform  # noqa: E402
from batchgeneratorsv2.transforms.intensity.gaussian_noise import GaussianNoiseTransform  # noqa: E402
from batchgeneratorsv2.transforms.noise.gaussian_blur import GaussianBlurTransform  # noqa: E402
from batchgeneratorsv2.transforms.noise.median_filter import MedianFilterTransform  # noqa: E402
from batchgeneratorsv2.transforms.noise.sharpen import SharpeningTransform  # noqa: E402
from batchgeneratorsv2.transforms.spatial.low_resolution import SimulateLowResolutionTransform  # noqa: E402
from batchgeneratorsv2.transforms.spatial.mirroring import MirrorTransform  # noqa: E402
from batchgeneratorsv2.transforms.spatial.spatial import SpatialTransform  # noqa: E402
from batchgeneratorsv2.transforms.utils.compose import ComposeTransforms  # noqa: E402
from batchgeneratorsv2.transforms.utils.random import RandomTransform  # noqa: E402

torch.set_num_threads(1)
sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)

VOLUME, PICTURE = (1, 64, 128, 128), (3, 1, 256, 256)


def torchio_works():
    """TorchIO's transforms, at probability 1, of a volume with its mask."""
    return [
        ("flip@1", T.RandomFlip(axes=(2,), flip_probability=1)),
        ("rotate(10)@1,scale(0.9,1.1,axes)@1", T.RandomAffine()),
        ("elastic(0.03,0.03)@1", T.RandomElasticDeformation(max_displacement=3.8)),
        ("noise(0.1)@1", T.RandomNoise(std=0.1)),
        ("blur(1)@1", T.RandomBlur(std=(1, 1))),
        ("gamma(0.74,1.35)@1", T.RandomGamma()),
        ("bias(0.5)@1", T.RandomBiasField()),
        ("motion(10)@1", T.RandomMotion()),
        ("ghosting@1", T.RandomGhosting()),
        ("spikes(1,3)@1", T.RandomSpike()),
        ("anisotropy@1", T.RandomAnisotropy()),
    ]


def monai_works(spatial):
    """MONAI's, of a dictionary with image and label."""
    both, modes = ("image", "label"), ("bilinear", "nearest")
    angle = [0.26] * (3 if spatial == 3 else 1)
    bend = (M.Rand3DElasticd(both, (5, 7), (50, 100), prob=1, mode=modes) if spatial == 3 else
            M.Rand2DElasticd(both, (40, 40), (1, 8), prob=1, mode=modes))
    return [
        ("flip@1", M.RandFlipd(both, prob=1, spatial_axis=spatial - 1)),
        ("rotate(15)@1,scale(0.9,1.1,axes)@1", M.RandAffined(
            both, prob=1, rotate_range=angle, scale_range=[0.1] * spatial, mode=modes)),
        ("elastic(0.03,0.03)@1", bend),
        ("noise(0.1)@1", M.RandGaussianNoised("image", prob=1, std=0.1)),
        ("blur(1)@1", M.RandGaussianSmoothd("image", *[(1, 1)] * 3, prob=1)),
        ("gamma(0.5,4.5)@1", M.RandAdjustContrastd("image", prob=1)),
        ("histogram(10)@1", M.RandHistogramShiftd("image", prob=1)),
        ("bias(0,0.1)@1", M.RandBiasFieldd("image", prob=1)),
        ("cutout(0.2,count=4)@1", M.RandCoarseDropoutd(
            "image", holes=4, spatial_size=[25] * spatial, prob=1)),
    ]


def nnunet_works(shape):
    """nnU-Net's, of a dictionary of tensors; the last is its whole default table."""
    size = shape[1:] if shape[1] > 1 else shape[2:]
    dim = len(size)

    def spatial(p):
        return SpatialTransform(
            size, 0, False, p_elastic_deform=0, p_rotation=p, rotation=(-0.5, 0.5), p_scaling=p,
            scaling=(0.7, 1.4), p_synchronize_scaling_across_axes=1, bg_style_seg_sampling=False,
            mode_seg="nearest")

    noise = GaussianNoiseTransform((0, 0.1), 1, True)
    blur = GaussianBlurTransform((0.5, 1.0), False, False, 1, benchmark=True)
    bright = MultiplicativeBrightnessTransform(BGContrast((0.75, 1.25)), False, 1)
    contrast = ContrastTransform(BGContrast((0.75, 1.25)), True, False, 1)
    low = SimulateLowResolutionTransform((0.5, 1), False, True, (), None, 1)
    inverted, gamma = (GammaTransform(BGContrast((0.7, 1.5)), p, False, 1, 1) for p in (1, 0))
    table = ComposeTransforms([spatial(0.2)] + [RandomTransform(t, p) for t, p in (
        (noise, 0.1), (GaussianBlurTransform((0.5, 1.0), False, False, 0.5, benchmark=True), 0.2),
        (bright, 0.15), (contrast, 0.15),
        (SimulateLowResolutionTransform((0.5, 1), False, True, (), None, 0.5), 0.25),
        (inverted, 0.1), (gamma, 0.3))] + [MirrorTransform(tuple(range(dim)))])
    return [
        ("rotate(28)@1,scale(0.7,1.4,inverse)@1", spatial(1)),
        ("noise(0,0.1,absolute)@1", noise),
        ("blur(0.5,1,axes,each=1)@1", blur),
        ("multiply(0.75,1.25,balanced,each=1)@1", bright),
        ("contrast(0.75,1.25,balanced,each=1)@1", contrast),
        ("lowres(0.5,1,each=1)@1", low),
        ("gamma(0.7,1.5,balanced,retain,each=1)@1", gamma),
        ("sharpen(0.1,1,each=1)@1", SharpeningTransform((0.1, 1.0))),
        ("median(3,each=1)@1", MedianFilterTransform(3)),
        ("nnunet", table),
    ]


class Tessera:
    """bench/augment, which answers each line with the seconds it took."""

    def __init__(self, program, shape):
        self.process = subprocess.Popen([program, *map(str, shape)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def seconds(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def race(library, shape, text, run, fresh, tessera, rounds):
    ours, theirs = [], []
    for index in range(rounds + 2):
        data = fresh()
        begin = time.process_time()
        run(data)
        seconds = time.process_time() - begin
        mine = tessera.seconds(text)
        if index >= 2:
            theirs.append(seconds)
            ours.append(mine)
    middle = statistics.mean if text == "nnunet" else statistics.median
    a, b = 1e3 * middle(ours), 1e3 * middle(theirs)
    print(f"{'x'.join(map(str, shape)):>14}  {library:8} {text:40} {a:9.2f} {b:9.2f} {b / a:7.1f}",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--word", default="", help="only the steps with this word in them")
    options = parser.parse_args()
    print(f"{'size':>14}  {'beside':8} {'step':40} {'tessera':>9} {'other':>9} {'ratio':>7}   (ms)")
    for shape in (VOLUME, PICTURE):
        image = torch.rand(*shape)
        label = torch.randint(0, 3, (1, *shape[1:])).float()
        flat = [x[:, 0] if shape[1] == 1 else x for x in (image, label)]
        tessera = Tessera(options.program, shape)
        works = []
        if shape[1] > 1:
            subject = T.Subject(image=T.ScalarImage(tensor=image), label=T.LabelMap(tensor=label))
            works += [("torchio", *w, lambda: subject) for w in torchio_works()]
        works += [("monai", *w, lambda: {"image": flat[0], "label": flat[1]})
                  for w in monai_works(flat[0].ndim - 1)]
        works += [("nnU-Net", text, lambda data, t=t: t(**data),
                   lambda: {"image": flat[0].clone(), "segmentation": flat[1].clone()})
                  for text, t in nnunet_works(shape)]
        for library, text, run, fresh in works:
            if options.word in text:
                rounds = options.rounds * (10 if text == "nnunet" else 1)
                race(library, shape, text, run, fresh, tessera, rounds)


if __name__ == "__main__":
    main()
