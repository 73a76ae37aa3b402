#pragma once

#include <filesystem>
#include <string_view>

#include "io/picture.h"
#include "io/volume.h"

namespace tessera::io {

// TIFF as a volume: each page is a slice. Needs a build with libtiff (tiff_supported()).
//
// Reads pages of 1 to 64 bits: [H, W] for one page, [D, H, W] for several; with C channels a pixel
// [C, D, H, W]. Files of ImageJ may also have channels and times as pages: [T, C, D, H, W]. Types
// are kept as in load_npy; of a palette, the indices. Spacing comes from ImageJ's description, or
// from a resolution per centimetre; other resolutions are those of printers. There is no direction
// and no origin in the file.
//
// Throws Error naming the file and what is wrong; the memory taken is bounded by its length.
Volume load_tiff(const std::filesystem::path& path);

// Writes as ImageJ does, with the spacing (to 7 digits). Three or four channels of u8 or 16 bits
// are colours of a pixel, other axes in front are pages, as above; at most [T, C, D, H, W].
void save_tiff(const Volume& volume, const std::filesystem::path& path, bool compress = true);

// Whether there is a second page. Looks at the first one's header alone, and needs no libtiff;
// false for what is no TIFF.
bool has_several_pages(const std::filesystem::path& path);

// A TIFF of one page as a picture. Throws Error, beginning with `name`, for several pages, and for
// samples that are not whole numbers of at most 16 bits.
Picture decode_tiff_picture(std::string_view bytes, const std::string& name);
Picture decode_tiff_picture_header(std::string_view bytes, const std::string& name);

// Whether the samples are floating numbers, which no Picture can hold.
bool is_floating_tiff(std::string_view bytes, const std::string& name);

}  // namespace tessera::io
