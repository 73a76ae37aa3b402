"""Records steps of augmentation with given numbers for tests/io/: nnU-Net's (batchgeneratorsv2),
TorchIO's, MONAI's, SciPy's and ITK's."""

import numpy as np
import SimpleITK as sitk
import torchio
from batchgeneratorsv2.transforms.intensity.contrast import ContrastTransform
from batchgeneratorsv2.transforms.intensity.gamma import GammaTransform
from batchgeneratorsv2.transforms.local.brightness_gradient import BrightnessGradientAdditiveTransform
from batchgeneratorsv2.transforms.local.local_gamma import LocalGammaTransform
from batchgeneratorsv2.transforms.noise.sharpen import SharpeningTransform
from batchgeneratorsv2.transforms.spatial.low_resolution import SimulateLowResolutionTransform
from monai.transforms import RandHistogramShift
from record import Recorder, torch
from scipy.ndimage import median_filter

r = Recorder("augment")
EXTENTS = {"2d": (1, 9, 14), "3d": (6, 7, 10)}


def flat(image):
    """[C, 1, H, W] as the [C, H, W] that libraries want of pictures."""
    return image[:, 0] if image.shape[1] == 1 else image


for name, extent in EXTENTS.items():
    image = r.randn(1, *extent).float()
    r.add(f"{name}/image", image)

    def record(key, result):
        r.add(f"{name}/{key}", torch.as_tensor(np.asarray(result)).reshape(image.shape).float())

    x = flat(image)
    one = {"apply_to_channel": torch.tensor([0])}
    contrast = ContrastTransform((1, 1), True, False)
    record("contrast", contrast._apply_to_image(x.clone(), multipliers=torch.tensor([1.7]), **one))
    gamma = GammaTransform((1, 1), 0, False, 1, 1)
    for invert in (False, True):
        for retain in (False, True):
            record(f"gamma {invert} {retain}", gamma._apply_to_image(
                x.clone(), gamma=torch.tensor([0.7]), retain_stats=[retain], invert_image=[invert],
                **one))
    low = SimulateLowResolutionTransform((0.5, 1), False, True, ())
    scales = torch.tensor([[0.6] * (x.ndim - 1)])
    record("lowres", low._apply_to_image(x.clone(), scales=scales, **one))
    sharpen = SharpeningTransform()
    record("sharpen", sharpen._apply_to_image(
        x.clone(), apply_channel=[True], strengths=[0.4], clamp_intensities=[False]))
    for size in (2, 3, 4):
        record(f"median {size}", median_filter(x[0].numpy(), size=size))

    centre, width = iter((0.3, 0.8, -0.2)), iter((2.5, 4.0, 3.0))
    if name == "2d":
        centre, width = iter((0.8, -0.2)), iter((4.0, 3.0))
    hill = BrightnessGradientAdditiveTransform(
        scale=lambda *_: next(width), loc=lambda *_: next(centre), max_strength=1.0,
        mean_centered=False)
    kernel = hill._generate_kernel(x.shape[1:])
    record("hill", kernel)
    local = LocalGammaTransform(scale=1)
    record("local gamma", local._apply_to_image(x.clone(), kernels=[kernel], gammas=[1.6]))

    shift = RandHistogramShift(num_control_points=5, prob=1.0)
    shift.reference_control_points = np.linspace(0, 1, 5)
    shift.floating_control_points = np.array([0, 0.1, 0.65, 0.7, 1])
    shift._do_transform = True
    record("histogram", shift(x, randomize=False))

    positive = image.abs()
    coefficients = [0.1 * (k % 5) - 0.2 for k in range(20)]
    field = torchio.transforms.augmentation.intensity.random_bias_field.BiasField
    if name == "3d":  # one slice has no coordinates there
        record("bias", positive * field.generate_bias_field(image, 3, coefficients))
    ghosts = torchio.transforms.augmentation.intensity.random_ghosting.Ghosting
    for axis in range(3):
        if image.shape[axis + 1] > 1:
            record(f"ghosts {axis}", ghosts.add_artifact(
                ghosts(3, axis, 0.8, None), positive[0], 3, axis, 0.8, None))
    spike = torchio.transforms.augmentation.intensity.random_spike.Spike
    where = np.array([[0.1, 0.3, 0.9]])
    record("spike", spike.add_artifact(spike(where, 0.7), positive[0], where, 0.7))
    r.add(f"{name}/spike at", torch.tensor(
        [int(np.floor(p * n)) - n // 2 for p, n in zip(where[0], extent)]))

# Motion by whole pixels in an image with an even border, so that what lies outside does not count.
still = torch.zeros(1, 8, 9, 10)
still[:, 2:6, 3:7, 3:7] = r.rand(1, 4, 4, 4).float()
r.add("motion/image", still)
motion = torchio.transforms.augmentation.intensity.random_motion.Motion
moves = np.array([[1.0, 0.0, -1.0], [-1.0, 1.0, 2.0], [0.0, -2.0, 1.0]])
times = np.array([0.2, 0.6, 0.8])
moved = motion(np.zeros((3, 3)), moves, times, "linear")(
    torchio.ScalarImage(tensor=still, affine=np.diag([-1, -1, 1, 1]))).data
r.add("motion/moved", moved)

# A spline of ITK from the outer edge of the first pixel to that of the last, and where it moves
# the centres of pixels.
depth, height, width = 5, 7, 9
mesh = [3, 1, 2]  # cells along x, y, z
points = [n + 3 for n in mesh]
spline = sitk.BSplineTransform(3, 3)
spline.SetTransformDomainOrigin([-0.5] * 3)
spline.SetTransformDomainPhysicalDimensions([width, height, depth])
spline.SetTransformDomainMeshSize(mesh)
moves = r.randn(3, points[2], points[1], points[0]).float()  # of z, y, x
spline.SetParameters(moves.flip(0).flatten().double().tolist())
r.add("elastic/displacements", moves)
places = torch.zeros(3, depth, height, width)
for d in range(depth):
    for h in range(height):
        for w in range(width):
            x, y, z = spline.TransformPoint((float(w), float(h), float(d)))
            places[:, d, h, w] = torch.tensor([z - d, y - h, x - w])
r.add("elastic/moved", places)

# Linear sampling of a volume with zeros around, by an affine map.
volume = r.randn(1, 2, 5, 6, 7)
matrix = torch.tensor([[[0.9, 0.2, -0.1], [-0.2, 1.1, 0.1], [0.1, 0.1, 0.8]]]).double()
shift = torch.tensor([0.3, -0.4, 0.2]).double()
grid = torch.stack(torch.meshgrid(*(torch.arange(n).double() for n in (4, 6, 8)), indexing="ij"), -1)
zyx = grid @ matrix[0].T + shift
scale = torch.tensor([2 / (n - 1) for n in (5, 6, 7)]).double()
sampled = torch.nn.functional.grid_sample(
    volume, (zyx * scale - 1).flip(-1)[None], align_corners=True, padding_mode="zeros")
r.add("sample/volume", volume[0].float())
r.add("sample/sampled", sampled[0].float())
r.save()
