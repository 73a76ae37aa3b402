"""Records volumes resampled by the rules of nnU-Net and MONAI, and onto the grid of another one by
SimpleITK, for tests/io/resample_volume_test.cpp and resample_grid_test.cpp.

nnU-Net's rule is made of what it calls: skimage.transform.resize (order 3, edge, clipped) for
images, the same of order 1 of each label for labels, the nearest slice along an anisotropic axis. Where a voxel is exactly between two, rounding
decides which one MONAI takes; spacings here avoid that, but for some whose arithmetic is exact.
Spacings are in the order d, h, w.
"""

import numpy as np
import SimpleITK as sitk
from monai.data import MetaTensor
from monai.transforms import Spacing
from record import Recorder, torch
from skimage.transform import resize

r = Recorder("resample_volume")
EDGE = {"mode": "edge", "anti_aliasing": False}


def resize_labels(labels, size):
    result = np.zeros(size)
    for label in np.unique(labels):
        result[resize((labels == label).astype(float), size, 1, **EDGE) >= 0.5] = label
    return result


def slicewise_axis(old, new):
    for spacing in (np.array(old), np.array(new)):
        if spacing.max() / spacing.min() > 3:
            coarsest = np.where(spacing == spacing.max())[0]
            return coarsest[0] if len(coarsest) == 1 else None
    return None


def nnunet(volume, old, new, resizer):
    size = [round(o / n * s) for o, n, s in zip(old, new, volume.shape)]
    axis = slicewise_axis(old, new)
    if axis is None:
        return resizer(volume, size)
    plane = [s for i, s in enumerate(size) if i != axis]
    slices = np.stack([resizer(s, plane) for s in np.moveaxis(volume, axis, 0)])
    places = (np.arange(size[axis]) + 0.5) * (volume.shape[axis] / size[axis]) - 0.5
    nearest = np.floor(np.clip(places, 0, volume.shape[axis] - 1) + 0.5).astype(int)
    return np.moveaxis(slices[nearest], 0, axis)


def blobs(size, labels):
    smooth = torch.nn.functional.interpolate(r.rand(1, labels, 3, 3, 3), size=size, mode="trilinear")
    return smooth[0].argmax(0).numpy()


for what, size, old, new in [
    ("finer", (5, 7, 6), (2, 1.5, 1.2), (1.1, 1, 1)),
    ("coarser", (9, 12, 11), (1, 1, 1), (1.7, 2.2, 1.4)),
    ("doubled", (4, 5, 3), (2, 2, 2), (1, 1, 1)),
    ("thick slices", (4, 9, 8), (5, 0.8, 0.8), (2.6, 1.05, 1.05)),
    ("thick target", (6, 7, 8), (1, 1, 1), (1.2, 4, 1)),
    ("thin", (8, 5, 6), (0.3, 1, 1), (0.5, 0.72, 0.72)),
    ("one slice", (1, 6, 5), (2, 1, 1), (1, 0.6, 0.7)),
]:
    image = r.randn(*size).numpy()
    labels = blobs(size, 4)
    r.add(f"{what}/spacing", torch.tensor(old, dtype=torch.float64))
    r.add(f"{what}/new spacing", torch.tensor(new, dtype=torch.float64))
    r.add(f"{what}/image", torch.from_numpy(image).float())
    r.add(f"{what}/labels", torch.from_numpy(labels).int())
    image = image.astype(np.float32).astype(float)
    cubic = nnunet(image, old, new, lambda x, s: resize(x, s, 3, **EDGE))
    r.add(f"{what}/nnunet image", torch.from_numpy(cubic).float())
    linear = nnunet(image, old, new, lambda x, s: resize(x, s, 1, **EDGE))
    r.add(f"{what}/nnunet linear", torch.from_numpy(linear).float())
    r.add(f"{what}/nnunet labels", torch.from_numpy(nnunet(labels, old, new, resize_labels)).int())

    affine = np.diag([*old, 1.0])
    affine[:3, 3] = 3, 4, 5
    for kind, mode, volume in [("image", "bilinear", image), ("labels", "nearest", labels)]:
        tensor = MetaTensor(torch.from_numpy(volume)[None].double(), affine=affine)
        result = Spacing(new, mode=mode)(tensor)
        r.add(f"{what}/monai {kind}", result.as_tensor()[0].float())
    r.add(f"{what}/monai affine", torch.as_tensor(result.affine))


def itk_image(array, spacing, origin, direction):
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    image.SetDirection(direction)
    return image


def affine_of(image):
    """[4, 4] in RAS, columns d, h, w."""
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    affine = np.diag([-1, -1, 1, 1]) @ affine
    return torch.from_numpy(affine[:, [2, 1, 0, 3]].copy())


c, s = np.cos(0.4), np.sin(0.4)
source = itk_image(r.randn(6, 7, 8).numpy(), (1, 1.5, 2), (10, -5, 3), (1, 0, 0, 0, 1, 0, 0, 0, 1))
truth = itk_image(blobs((6, 7, 8), 4), (1, 1.5, 2), (10, -5, 3), (1, 0, 0, 0, 1, 0, 0, 0, 1))
target = itk_image(np.zeros((5, 9, 10)), (1.1, 0.9, 1.7), (9, -3.2, 4.1),
                   (c, -s, 0, s, c, 0, 0, 0, 1))
r.add("grid/affine", affine_of(source))
r.add("grid/new affine", affine_of(target))
r.add("grid/image", torch.from_numpy(sitk.GetArrayFromImage(source)).float())
r.add("grid/labels", torch.from_numpy(sitk.GetArrayFromImage(truth)).int())
rigid = sitk.Transform()
linear = sitk.Resample(source, target, rigid, sitk.sitkLinear, -9.0)
nearest = sitk.Resample(truth, target, rigid, sitk.sitkNearestNeighbor, 0)
cubic = sitk.Resample(source, target, rigid, sitk.sitkBSpline, -9.0)
r.add("grid/linear", torch.from_numpy(sitk.GetArrayFromImage(linear)).float())
r.add("grid/nearest", torch.from_numpy(sitk.GetArrayFromImage(nearest)).int())
r.add("grid/cubic", torch.from_numpy(sitk.GetArrayFromImage(cubic)).float())
r.save()
