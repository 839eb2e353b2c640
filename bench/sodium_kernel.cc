#include "bench/sodium_kernel.h"

#include <sodium.h>

#include <cstring>

namespace twinspan::bench {
namespace {

using esp::kernels::Direction;
using esp::kernels::KeyMaterial;
using esp::kernels::Packet;

struct State {
  crypto_aead_aes256gcm_state key;
  uint8_t salt[4];
};

bool expand(void* context, const KeyMaterial& material, Direction) {
  auto* const state = static_cast<State*>(context);
  std::memcpy(state->salt, material.salt, sizeof(state->salt));
  return material.key_size == 32 && crypto_aead_aes256gcm_beforenm(&state->key, material.key) == 0;
}

void release(void*) {}

void make_nonce(const State& state, const Packet& packet, uint8_t* nonce) {
  std::memcpy(nonce, state.salt, 4);
  std::memcpy(nonce + 4, packet.iv, 8);
}

void seal(void* context, Packet* packets, size_t count) {
  const auto& state = *static_cast<const State*>(context);
  for (size_t i = 0; i < count; ++i) {
    Packet& packet = packets[i];
    uint8_t nonce[12];
    make_nonce(state, packet, nonce);
    if (packet.output != packet.input)
      std::memcpy(packet.output, packet.input, packet.input_length);
    unsigned long long tag_size = 0;
    crypto_aead_aes256gcm_encrypt_detached_afternm(
        packet.output, packet.icv, &tag_size, packet.output,
        packet.input_length + packet.trailer_length, packet.aad, packet.aad_length, nullptr, nonce,
        &state.key);
  }
}

void open(void* context, Packet* packets, size_t count) {
  const auto& state = *static_cast<const State*>(context);
  for (size_t i = 0; i < count; ++i) {
    Packet& packet = packets[i];
    uint8_t nonce[12];
    make_nonce(state, packet, nonce);
    packet.authentic = crypto_aead_aes256gcm_decrypt_detached_afternm(
                           packet.output, nullptr, packet.input, packet.input_length, packet.icv,
                           packet.aad, packet.aad_length, nonce, &state.key) == 0;
  }
}

}  // namespace

const esp::kernels::Kernel kAesGcmSodium = {.name = "sodium",
                                            .context_size = sizeof(State),
                                            .expand = expand,
                                            .release = release,
                                            .seal = seal,
                                            .open = open};

bool sodium_has_aes_gcm() {
  return sodium_init() >= 0 && crypto_aead_aes256gcm_is_available() == 1;
}

}  // namespace twinspan::bench
