#include "runtime/lazy_memory.h"

#include <sys/mman.h>

#include <string>

namespace braid {

Result<LazyMemory> LazyMemory::Make(std::size_t bytes) {
  if (bytes == 0) return LazyMemory();
  void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) {
    return OutOfMemory("cannot reserve " + std::to_string(bytes >> 20) +
                       " MiB; use a shorter --ctx or more ranks");
  }
  return LazyMemory(static_cast<std::byte*>(data), bytes);
}

LazyMemory& LazyMemory::operator=(LazyMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

LazyMemory::~LazyMemory() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

}  // namespace braid
