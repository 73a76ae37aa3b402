#include "io/zip.h"

#include <zlib.h>

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "io/bytes.h"
#include "io/deflate.h"

namespace tessera::io {

namespace {

constexpr uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50, kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr size_t kCentralBytes = 46, kEndBytes = 22, kEnd64Bytes = 56, kLocatorBytes = 20;
constexpr uint16_t kEncrypted = 1, kStored = 0, kDeflated = 8, kZip64Field = 1, kZip64Version = 45;
constexpr uint16_t kUtf8 = 1 << 11, kNoTime = 0, kNoDate = 0x21;  // 1980-01-01
constexpr uint16_t kMax16 = 0xffff;
constexpr uint32_t kMax32 = 0xffffffff;

uint32_t crc_of(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

struct Directory {
  uint64_t position = 0, bytes = 0, members = 0;
};

// The record at the end of the file that says where the directory is.
Directory find_directory(std::string_view bytes, const std::string& name) {
  const std::string_view tail =
      bytes.substr(bytes.size() - std::min(bytes.size(), kEndBytes + kMax16));
  // Behind it is a comment of a length that it tells, and nothing else.
  const auto fits = [&](size_t at) {
    return at + kEndBytes <= tail.size() &&
           at + kEndBytes + number_at<uint16_t>(&tail[at + kEndBytes - 2]) == tail.size();
  };
  size_t found = tail.rfind(bytes_of(kEnd));
  while (found != std::string_view::npos && !fits(found)) {
    found = found == 0 ? std::string_view::npos : tail.rfind(bytes_of(kEnd), found - 1);
  }
  require(found != std::string_view::npos, "{} is not a whole zip file: its directory is missing",
          name);
  const size_t end = bytes.size() - tail.size() + found;
  ByteReader reader(bytes, name);
  reader.seek(end + 4);
  const auto disk = reader.number<uint16_t>(), first_disk = reader.number<uint16_t>();
  const auto here = reader.number<uint16_t>(), members = reader.number<uint16_t>();
  Directory directory{.members = members};
  directory.bytes = reader.number<uint32_t>();
  directory.position = reader.number<uint32_t>();

  reader.seek(end - std::min(end, kLocatorBytes));
  if (end >= kLocatorBytes && reader.number<uint32_t>() == kEnd64Locator) {
    reader.number<uint32_t>();  // disk
    reader.seek(reader.number<uint64_t>());
    require(reader.number<uint32_t>() == kEnd64, "{}: the zip64 directory is damaged", name);
    reader.take(20);  // size of this record, versions, disks
    const auto here64 = reader.number<uint64_t>();
    directory.members = reader.number<uint64_t>();
    directory.bytes = reader.number<uint64_t>();
    directory.position = reader.number<uint64_t>();
    require(here64 == directory.members, "{}: a zip in several pieces cannot be read", name);
  } else {
    require(disk == 0 && first_disk == 0 && here == members,
            "{}: a zip in several pieces cannot be read", name);
  }
  require(directory.position <= end && directory.bytes <= end - directory.position &&
              directory.members <= directory.bytes / kCentralBytes,
          "{}: the directory of the zip is damaged", name);
  return directory;
}

struct Entry {
  std::string name;
  uint16_t flags = 0, method = 0;
  uint32_t crc = 0;
  uint64_t packed = 0, size = 0, position = 0;
};

// Takes the values that did not fit into 32 bits from the extra field.
void read_zip64(Entry& entry, ByteReader extra) {
  while (extra.left() >= 4) {
    const auto id = extra.number<uint16_t>();
    const auto length = extra.number<uint16_t>();
    ByteReader values(extra.take(length), extra.name());
    if (id != kZip64Field) continue;
    for (uint64_t* value : {&entry.size, &entry.packed, &entry.position}) {
      if (*value == kMax32) *value = values.number<uint64_t>();
    }
  }
}

Entry read_entry(ByteReader& reader) {
  require(reader.number<uint32_t>() == kCentralHeader, "{}: the directory of the zip is damaged",
          reader.name());
  Entry entry;
  reader.take(4);  // versions
  entry.flags = reader.number<uint16_t>();
  entry.method = reader.number<uint16_t>();
  reader.take(4);  // time
  entry.crc = reader.number<uint32_t>();
  entry.packed = reader.number<uint32_t>();
  entry.size = reader.number<uint32_t>();
  const auto name_bytes = reader.number<uint16_t>(), extra_bytes = reader.number<uint16_t>();
  const auto comment_bytes = reader.number<uint16_t>();
  reader.take(8);  // disk, attributes
  entry.position = reader.number<uint32_t>();
  entry.name = reader.take(name_bytes);
  read_zip64(entry, ByteReader(reader.take(extra_bytes), reader.name()));
  reader.take(comment_bytes);
  return entry;
}

// The packed bytes of `entry`, behind its local header, whose sizes may be missing.
std::string_view content_of(const Entry& entry, std::string_view bytes, const std::string& where) {
  ByteReader reader(bytes, where);
  reader.seek(entry.position);
  require(reader.number<uint32_t>() == kLocalHeader, "{}: its local header is damaged", where);
  reader.take(22);  // what the directory also says
  const auto name_bytes = reader.number<uint16_t>(), extra_bytes = reader.number<uint16_t>();
  require(reader.take(name_bytes) == entry.name, "{}: its local header has another name", where);
  reader.take(extra_bytes);
  return reader.take(entry.packed);
}

// The bytes of numbers, one after another.
template <class... T>
std::string numbers(T... number) {
  std::string bytes;
  (bytes.append(bytes_of(number)), ...);
  return bytes;
}

}  // namespace

bool is_zip(std::string_view bytes) {
  return bytes.substr(0, 4) == bytes_of(kLocalHeader) || bytes.substr(0, 4) == bytes_of(kEnd);
}

ZipReader::ZipReader(std::string_view bytes, std::string name, uint64_t limit)
    : bytes_(bytes), name_(std::move(name)) {
  const Directory directory = find_directory(bytes, name_);
  ByteReader reader(bytes.substr(directory.position, directory.bytes), name_);
  std::vector<std::pair<uint64_t, uint64_t>> ranges;  // begin and end of each member in the file
  uint64_t total = 0;
  for (uint64_t i = 0; i < directory.members; ++i) {
    const Entry entry = read_entry(reader);
    const std::string where = fmt::format("{}: \"{}\"", name_, entry.name);
    require((entry.flags & kEncrypted) == 0, "{} is encrypted", where);
    require(entry.method == kStored || entry.method == kDeflated,
            "{} is packed by method {}; only stored and deflated members can be read", where,
            entry.method);
    const Member member{.deflated = entry.method == kDeflated,
                        .crc = entry.crc,
                        .size = entry.size,
                        .content = content_of(entry, bytes.substr(0, directory.position), where)};
    require(
        member.deflated ? entry.size / kMaxInflation <= entry.packed : entry.size == entry.packed,
        "{}: {} bytes cannot have been packed into {}", where, entry.size, entry.packed);
    require(entry.size <= limit - total, "{}: the members are larger than {} bytes in all", name_,
            limit);
    total += entry.size;
    const auto content_end =
        static_cast<uint64_t>(member.content.data() + member.content.size() - bytes.data());
    ranges.emplace_back(entry.position, content_end);
    require(members_.emplace(entry.name, member).second, "{} is there twice", where);
  }
  std::sort(ranges.begin(), ranges.end());
  for (size_t i = 1; i < ranges.size(); ++i) {
    require(ranges[i - 1].second <= ranges[i].first, "{}: members of the zip overlap", name_);
  }
}

std::string ZipReader::read(const std::string& member) const {
  std::string buffer;
  const std::string_view content = view(member, buffer);
  return members_.at(member).deflated ? buffer : std::string(content);
}

std::string_view ZipReader::view(const std::string& member_name, std::string& buffer) const {
  const auto found = members_.find(member_name);
  require(found != members_.end(), "{} has no \"{}\"", name_, member_name);
  const Member& member = found->second;
  const std::string where = fmt::format("{}: \"{}\"", name_, member_name);
  std::string_view content = member.content;
  if (member.deflated) {
    content = buffer = inflate(member.content, member.size, Wrapping::none, where);
  }
  require(content.size() == member.size && crc_of(content) == member.crc,
          "{} is damaged: its checksum is wrong", where);
  return content;
}

void ZipWriter::write(std::string_view bytes) {
  file_.write(std::as_bytes(std::span(bytes)));
  position_ += bytes.size();
}

void ZipWriter::add(const std::string& member, std::string_view content, bool deflated) {
  require(member.size() <= kMax16, "save: the name of a zip member is too long: {}...",
          member.substr(0, 40));
  const std::string buffer = deflated ? deflate(content, Wrapping::none) : std::string();
  const std::string_view packed = deflated ? std::string_view(buffer) : content;
  const uint64_t size = content.size(), packed_size = packed.size(), position = position_;
  const auto name_bytes = static_cast<uint16_t>(member.size());
  // What both headers say; the sizes are in the zip64 field.
  const std::string facts = numbers(kZip64Version, kUtf8, deflated ? kDeflated : kStored, kNoTime,
                                    kNoDate, crc_of(content), kMax32, kMax32, name_bytes);

  constexpr uint16_t local_field = 16, central_field = 24;  // bytes
  write(numbers(kLocalHeader) + facts + numbers(uint16_t{4 + local_field}) + member +
        numbers(kZip64Field, local_field, size, packed_size));
  write(packed);
  directory_ += numbers(kCentralHeader, kZip64Version) + facts +
                numbers(uint16_t{4 + central_field}, uint16_t{0}, uint16_t{0}, uint16_t{0},
                        uint32_t{0}, kMax32) +
                member + numbers(kZip64Field, central_field, size, packed_size, position);
  ++members_;
}

void ZipWriter::commit() {
  const uint64_t begin = position_, bytes = directory_.size(), end = begin + bytes;
  const uint64_t rest_of_record = kEnd64Bytes - 12;
  write(directory_);
  write(numbers(kEnd64, rest_of_record, kZip64Version, kZip64Version, uint32_t{0}, uint32_t{0},
                members_, members_, bytes, begin));
  write(numbers(kEnd64Locator, uint32_t{0}, end, uint32_t{1}));
  write(numbers(kEnd, uint16_t{0}, uint16_t{0}, kMax16, kMax16, kMax32, kMax32, uint16_t{0}));
  file_.commit();
}

}  // namespace tessera::io
