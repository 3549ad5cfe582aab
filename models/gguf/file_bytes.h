#pragma once

#include "base/status.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace braid {

/// The bytes of one read-only file: mapped from disk, or borrowed from memory (tests, fuzzing).
///
/// Of a mapped file only what is touched becomes resident, plus what the kernel maps around it.
/// That never crosses the border of a range given to Keep() inside one given to ReadOnDemand(), so
/// the resident pages of a rank are those of its own weights.
/// Assumes that nobody truncates the file while it is mapped (a touched page would be gone).
/// Thread: const methods from any thread.
class FileBytes {
 public:
  /// Errors: NotFound, FailedPrecondition (no permission), InvalidArgument (not a regular file,
  /// or empty), OutOfMemory (no address space).
  static Result<FileBytes> Map(const std::string& path);

  /// Views `bytes`, which must outlive the object; `name` stands for the path in messages.
  static FileBytes Borrow(std::span<const std::byte> bytes, std::string name);

  FileBytes(FileBytes&& other) noexcept;
  FileBytes& operator=(FileBytes&& other) noexcept;
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;
  ~FileBytes();

  const std::string& name() const { return name_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::uint64_t size() const { return bytes_.size(); }

  /// Copies bytes from `offset` on, past the mapping: no page of it becomes resident.
  /// Errors: InvalidArgument past the end; Unavailable where the disk fails.
  Status ReadAt(std::uint64_t offset, std::span<std::byte> out) const;

  /// Turns read-ahead off from `offset` to the end, until Keep() turns a range on. Only a hint.
  void ReadOnDemand(std::uint64_t offset) const;

  /// Says that [offset, offset + length) will be used for long. With `populate` the pages are
  /// mapped before this returns, reading from disk what is not cached; otherwise the kernel starts
  /// to read them. Only a hint: failures are ignored.
  void Keep(std::uint64_t offset, std::uint64_t length, bool populate) const;

 private:
  FileBytes() = default;

  std::string name_;
  std::span<const std::byte> bytes_;
  int descriptor_ = -1;  ///< of the mapped file; -1: borrowed
};

}  // namespace braid
