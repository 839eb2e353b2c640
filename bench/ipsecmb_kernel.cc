#include "bench/ipsecmb_kernel.h"

#include <intel-ipsec-mb.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"

namespace twinspan::bench {
namespace {

using esp::kernels::Direction;
using esp::kernels::KeyMaterial;
using esp::kernels::Packet;

constexpr uint32_t kIcvSize = 16;
constexpr uint32_t kBurstMax = 64;

struct alignas(64) State {
  gcm_key_data key;
  uint8_t salt[4];
};
using Nonce = std::array<uint8_t, 12>;

IMB_MGR* manager() {
  static IMB_MGR* const instance = [] {
    IMB_MGR* made = alloc_mb_mgr(0);
    CHECK(made != nullptr);
    init_mb_mgr_auto(made, nullptr);
    return made;
  }();
  return instance;
}

bool expand(void* context, const KeyMaterial& material, Direction) {
  auto* const state = static_cast<State*>(context);
  std::memcpy(state->salt, material.salt, sizeof(state->salt));
  if (material.key_size != 32) return false;
  IMB_AES256_GCM_PRE(manager(), material.key, &state->key);
  return true;
}

void release(void*) {}

Nonce make_nonce(const State& state, const Packet& packet) {
  Nonce nonce;
  std::memcpy(nonce.data(), state.salt, 4);
  std::memcpy(nonce.data() + 4, packet.iv, 8);
  return nonce;
}

// It has no input in two pieces, so the trailer is read behind the input. The work is the same.
uint32_t sealed_length(const Packet& packet) {
  return packet.input_length + packet.trailer_length;
}

void seal(void* context, Packet* packets, size_t count) {
  const auto& state = *static_cast<const State*>(context);
  for (size_t i = 0; i < count; ++i) {
    const Packet& packet = packets[i];
    const Nonce nonce = make_nonce(state, packet);
    gcm_context_data scratch;
    IMB_AES256_GCM_ENC(manager(), &state.key, &scratch, packet.output, packet.input,
                       sealed_length(packet), nonce.data(), packet.aad, packet.aad_length,
                       packet.icv, kIcvSize);
  }
}

void open(void* context, Packet* packets, size_t count) {
  const auto& state = *static_cast<const State*>(context);
  for (size_t i = 0; i < count; ++i) {
    Packet& packet = packets[i];
    const Nonce nonce = make_nonce(state, packet);
    gcm_context_data scratch;
    std::array<uint8_t, kIcvSize> icv;
    IMB_AES256_GCM_DEC(manager(), &state.key, &scratch, packet.output, packet.input,
                       packet.input_length, nonce.data(), packet.aad, packet.aad_length, icv.data(),
                       kIcvSize);
    packet.authentic = std::memcmp(icv.data(), packet.icv, kIcvSize) == 0;
  }
}

// One burst. `icvs` takes the computed ICVs where those of the packets are only compared.
void run_burst(const State& state, Packet* packets, uint32_t count, IMB_CIPHER_DIRECTION direction,
               std::array<std::array<uint8_t, kIcvSize>, kBurstMax>* icvs) {
  std::array<IMB_JOB*, kBurstMax> jobs;
  std::array<Nonce, kBurstMax> nonces;
  CHECK(IMB_GET_NEXT_BURST(manager(), count, jobs.data()) == count);
  for (uint32_t i = 0; i < count; ++i) {
    const Packet& packet = packets[i];
    nonces[i] = make_nonce(state, packet);
    IMB_JOB& job = *jobs[i];
    job.cipher_mode = IMB_CIPHER_GCM;
    job.hash_alg = IMB_AUTH_AES_GMAC;
    job.cipher_direction = direction;
    job.chain_order = direction == IMB_DIR_ENCRYPT ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
    job.key_len_in_bytes = 32;
    job.enc_keys = job.dec_keys = &state.key;
    job.src = packet.input;
    job.dst = packet.output;
    job.cipher_start_src_offset_in_bytes = job.hash_start_src_offset_in_bytes = 0;
    job.msg_len_to_cipher_in_bytes = job.msg_len_to_hash_in_bytes = sealed_length(packet);
    job.iv = nonces[i].data();
    job.iv_len_in_bytes = nonces[i].size();
    job.auth_tag_output = icvs == nullptr ? packet.icv : (*icvs)[i].data();
    job.auth_tag_output_len_in_bytes = kIcvSize;
    job.u.GCM.aad = packet.aad;
    job.u.GCM.aad_len_in_bytes = packet.aad_length;
  }
  uint32_t done = IMB_SUBMIT_BURST_NOCHECK(manager(), count, jobs.data());
  while (done < count) done += IMB_FLUSH_BURST(manager(), count - done, jobs.data());
}

void seal_burst(void* context, Packet* packets, size_t count) {
  const auto& state = *static_cast<const State*>(context);
  for (size_t done = 0; done < count; done += kBurstMax) {
    run_burst(state, packets + done,
              static_cast<uint32_t>(std::min<size_t>(count - done, kBurstMax)), IMB_DIR_ENCRYPT,
              nullptr);
  }
}

void open_burst(void* context, Packet* packets, size_t count) {
  const auto& state = *static_cast<const State*>(context);
  for (size_t done = 0; done < count; done += kBurstMax) {
    const auto some = static_cast<uint32_t>(std::min<size_t>(count - done, kBurstMax));
    std::array<std::array<uint8_t, kIcvSize>, kBurstMax> icvs;
    run_burst(state, packets + done, some, IMB_DIR_DECRYPT, &icvs);
    for (size_t i = 0; i < some; ++i) {
      Packet& packet = packets[done + i];
      packet.authentic = std::memcmp(icvs[i].data(), packet.icv, kIcvSize) == 0;
    }
  }
}

}  // namespace

const esp::kernels::Kernel kAesGcmIpsecMb = {.name = "ipsecmb",
                                             .context_size = sizeof(State),
                                             .expand = expand,
                                             .release = release,
                                             .seal = seal,
                                             .open = open};
const esp::kernels::Kernel kAesGcmIpsecMbBurst = {.name = "ipsecmb-burst",
                                                  .context_size = sizeof(State),
                                                  .expand = expand,
                                                  .release = release,
                                                  .seal = seal_burst,
                                                  .open = open_burst};

}  // namespace twinspan::bench
