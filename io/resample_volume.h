#pragma once

#include <optional>

#include "io/axis_resample.h"
#include "io/volume.h"

namespace tessera::io {

// Whose rules say which voxels a volume has at another spacing.
//
// nnunet  as many as fit: round(n old / new) along each axis, over the same extent in space, so
//         that the spacing of the result is new up to that rounding. Where the volume, or else the
//         result, is more than three times coarser along one axis than along another, that axis is
//         resampled last, by the nearest slice. Images are cubic, and clipped to the values that
//         there were; a voxel is of the label that has half of its weight or more, with linear
//         weights, else 0. Same as nnU-Net 2's resample_data_or_seg_to_shape (order 3, and 1 for
//         labels; order_z 0; force_separate_z None).
// monai   the first voxel stays where it is and the others follow exactly at the new spacing:
//         round((n - 1) old / new + 1) of them. Images are linear; labels are those of the nearest
//         voxel. An axis whose spacing is within 0.001 mm stays. Same as MONAI's Spacing(), but
//         that it moves the result by up to a voxel when rounding has made axes not quite
//         perpendicular.
enum class SpacingRule : uint8_t { nnunet, monai };

struct SpacingOptions {
  SpacingRule rule = SpacingRule::nnunet;
  std::optional<Interpolation> interpolation = {};  // none: the rule's own
};

// The volume [..., D, H, W] or [H, W] at another spacing, in mm along d, h and w; 0 keeps an axis
// as it is. Images become f32; labels keep their dtype, and no label appears that was not there
// (but for 0). Uses all threads; the result does not depend on their number.
//
// Throws Error when a spacing is negative or not finite, or the result would have more than 2^32
// voxels; for labels also when a voxel is not a whole number of 32 bits.
Volume resample_image(const Volume& image, const Vector3& spacing,
                      const SpacingOptions& options = {});
Volume resample_labels(const Volume& labels, const Vector3& spacing,
                       const SpacingOptions& options = {});

// The axis 0, 1 or 2 that nnU-Net resamples by the nearest slice; -1: none.
int slicewise_axis(const Vector3& spacing, const Vector3& new_spacing);

// Voxels [..., D, H, W] at another size [D', H', W'] over the same extent, by the rules of nnU-Net:
// resample_image and resample_labels without geometry. Also for probabilities (linear), on their
// way back to the size of an image.
Tensor resize_image(const Tensor& voxels, const Shape& size, int slicewise,
                    Interpolation interpolation);
Tensor resize_labels(const Tensor& labels, const Shape& size, int slicewise,
                     Interpolation interpolation);

}  // namespace tessera::io
