#include "esp/kernels/null_cipher.h"

#include <cstring>

namespace twinspan::esp::kernels {
namespace {

constexpr size_t kIcvSize = 16;

bool expand(void*, const KeyMaterial&, Direction) {
  return true;
}

void release(void*) {}

void seal(void*, Packet* packets, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const Packet& packet = packets[i];
    if (packet.output != packet.input) {
      std::memcpy(packet.output, packet.input, packet.input_length);
    }
    std::memset(packet.icv, 0, kIcvSize);
  }
}

void open(void*, Packet* packets, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    Packet& packet = packets[i];
    if (packet.output != packet.input) {
      std::memcpy(packet.output, packet.input, packet.input_length);
    }
    packet.authentic = true;
  }
}

constexpr Kernel kNull = {.name = "null",
                          .context_size = kContextAlignment,
                          .expand = expand,
                          .release = release,
                          .seal = seal,
                          .open = open};

}  // namespace

const Kernel* null_cipher() {
  return &kNull;
}

}  // namespace twinspan::esp::kernels
