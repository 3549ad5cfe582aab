#include "models/gguf/file_bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace braid {
namespace {

std::string ErrnoText(int error) { return std::generic_category().message(error); }

Status OpenError(const std::string& path, int error) {
  const std::string text = "cannot open " + path + ": " + ErrnoText(error);
  if (error == ENOENT || error == ENOTDIR) return NotFound(text + "; check the path");
  return FailedPrecondition(text);
}

// MADV_POPULATE_READ, Linux 5.14; spelled out because older C libraries lack the name.
constexpr int kPopulateRead = 22;

// Advice for the pages that hold [begin, end) of a mapping.
void Advise(std::span<const std::byte> mapping, std::uint64_t begin, std::uint64_t end,
            int advice) {
  if (begin >= end || end > mapping.size()) return;
  begin -= begin % static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  madvise(const_cast<std::byte*>(mapping.data() + begin), end - begin, advice);
}

}  // namespace

Result<FileBytes> FileBytes::Map(const std::string& path) {
  FileBytes file;
  file.name_ = path;
  // Non-blocking, or a pipe without a writer would hang here; regular files do not care.
  file.descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file.descriptor_ < 0) return OpenError(path, errno);
  struct stat info {};
  if (fstat(file.descriptor_, &info) != 0) return OpenError(path, errno);
  if (!S_ISREG(info.st_mode)) {
    return InvalidArgument(path + " is not a regular file; give the path of a GGUF file");
  }
  if (info.st_size <= 0) {
    return InvalidArgument(path + " is empty; a download may have failed, fetch it again");
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  void* address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor_, 0);
  if (address == MAP_FAILED) {
    return OutOfMemory("cannot map " + path + " (" + std::to_string(size) +
                       " bytes): " + ErrnoText(errno));
  }
  file.bytes_ = {static_cast<const std::byte*>(address), size};
  return file;
}

FileBytes FileBytes::Borrow(std::span<const std::byte> bytes, std::string name) {
  FileBytes file;
  file.name_ = std::move(name);
  file.bytes_ = bytes;
  return file;
}

FileBytes::FileBytes(FileBytes&& other) noexcept
    : name_(std::move(other.name_)),
      bytes_(std::exchange(other.bytes_, {})),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

FileBytes& FileBytes::operator=(FileBytes&& other) noexcept {
  std::swap(name_, other.name_);
  std::swap(bytes_, other.bytes_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileBytes::~FileBytes() {
  if (descriptor_ < 0) return;
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  close(descriptor_);
}

Status FileBytes::ReadAt(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset > size() || out.size() > size() - offset) {
    return InvalidArgument(name_ + ": " + std::to_string(out.size()) + " bytes at offset " +
                           std::to_string(offset) + " lie past its end at " +
                           std::to_string(size()));
  }
  if (descriptor_ < 0) {
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
    return {};
  }
  while (!out.empty()) {
    const ssize_t got = pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unavailable("cannot read " + name_ + ": " + ErrnoText(errno));
    if (got == 0) {
      return Unavailable(name_ + " became shorter while it was read; do not change it in use");
    }
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

void FileBytes::ReadOnDemand(std::uint64_t offset) const {
  if (descriptor_ >= 0) Advise(bytes_, offset, size(), MADV_RANDOM);
}

void FileBytes::Keep(std::uint64_t offset, std::uint64_t length, bool populate) const {
  if (descriptor_ < 0 || length == 0 || offset >= size()) return;
  const std::uint64_t end = offset + std::min(length, size() - offset);
  // Unlike its surroundings: the differing advice cuts the kernel's mapping at this range's
  // borders, and that is what keeps fault-around from mapping pages of other ranks.
  Advise(bytes_, offset, end, MADV_NORMAL);
  Advise(bytes_, offset, end, MADV_WILLNEED);
  if (populate) Advise(bytes_, offset, end, kPopulateRead);
}

}  // namespace braid
