#include "models/private_memory.h"

#include <sys/mman.h>

#include <string>
#include <utility>

namespace braid {

Result<PrivateMemory> PrivateMemory::Make(std::size_t size) {
  PrivateMemory memory;
  if (size == 0) return memory;
  void* address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) {
    return OutOfMemory("cannot get " + std::to_string(size) +
                       " bytes for weights; split the model over more ranks or free memory");
  }
  memory.bytes_ = {static_cast<std::byte*>(address), size};
  madvise(address, size, MADV_HUGEPAGE);  // a wish: absent on some kernels
  return memory;
}

PrivateMemory::PrivateMemory(PrivateMemory&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})) {}

PrivateMemory& PrivateMemory::operator=(PrivateMemory&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

PrivateMemory::~PrivateMemory() {
  if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
}

}  // namespace braid
