#include "tun/flow_steering.h"

#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <linux/membarrier.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include "esp/flow_hash.h"

namespace twinspan::tun {
namespace {

// An instruction as the kernel reads it (struct bpf_insn, whose bit fields no constant fits into
// without a warning): code, two registers of 4 bits, offset, value.
using Instruction = uint64_t;
static_assert(sizeof(Instruction) == sizeof(bpf_insn) &&
              std::endian::native == std::endian::little);

enum Register : uint8_t { R0, R1, R6 = 6, R7, R8, R9 };

constexpr Instruction make(unsigned code, unsigned to, unsigned from, unsigned offset,
                           uint32_t value) {
  return uint64_t{code} | uint64_t{to} << 8 | uint64_t{from} << 12 | uint64_t{offset} << 16 |
         uint64_t{value} << 32;
}
constexpr Instruction copy(Register to, Register from) {
  return make(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}
constexpr Instruction set(Register to, uint32_t value) {
  return make(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
}
// Of 32 bits; the upper half becomes 0.
constexpr Instruction add(Register to, Register from) {
  return make(BPF_ALU | BPF_ADD | BPF_X, to, from, 0, 0);
}
constexpr Instruction compute(unsigned operation, Register to, uint32_t value) {
  return make(BPF_ALU | BPF_K | operation, to, 0, 0, value);
}
constexpr Instruction compute64(unsigned operation, Register to, uint32_t value) {
  return make(BPF_ALU64 | BPF_K | operation, to, 0, 0, value);
}
// Into R0, in host order, through the packet in R6. Behind its end: the program's result is 0.
constexpr Instruction load(unsigned size, uint32_t at) {
  return make(BPF_LD | BPF_ABS | size, 0, 0, 0, at);
}
constexpr Instruction load_behind(unsigned size, Register base, uint32_t at) {
  return make(BPF_LD | BPF_IND | size, 0, base, 0, at);
}
constexpr Instruction skip_if(unsigned condition, Register what, uint32_t value, unsigned count) {
  return make(BPF_JMP | BPF_K | condition, what, 0, count, value);
}
constexpr Instruction skip(unsigned count) {
  return make(BPF_JMP | BPF_JA, 0, 0, count, 0);
}
constexpr Instruction leave() {
  return make(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

// esp/flow_hash.cc, line by line. R6: the packet, R7: the sum, R8: where the ports are, R9: the
// first byte.
auto flow_program(uint32_t slots) {
  return std::to_array<Instruction>({
      copy(R6, R1),
      set(R7, 0),
      load(BPF_B, 0),
      copy(R9, R0),
      compute(BPF_RSH, R0, 4),
      skip_if(BPF_JEQ, R0, 6, 15),  // To IPv6.
      skip_if(BPF_JEQ, R0, 4, 2),
      set(R0, 0),
      leave(),
      // IPv4.
      copy(R8, R9),
      compute(BPF_AND, R8, 15),
      compute(BPF_LSH, R8, 2),
      load(BPF_W, 12),
      add(R7, R0),
      load(BPF_W, 16),
      add(R7, R0),
      load(BPF_H, 6),
      compute(BPF_AND, R0, 0x3fff),
      skip_if(BPF_JNE, R0, 0, 27),  // A fragment: to the hash.
      load(BPF_B, 9),
      skip(18),  // To the protocol.
      // IPv6.
      set(R8, 40),
      load(BPF_W, 8),
      add(R7, R0),
      load(BPF_W, 12),
      add(R7, R0),
      load(BPF_W, 16),
      add(R7, R0),
      load(BPF_W, 20),
      add(R7, R0),
      load(BPF_W, 24),
      add(R7, R0),
      load(BPF_W, 28),
      add(R7, R0),
      load(BPF_W, 32),
      add(R7, R0),
      load(BPF_W, 36),
      add(R7, R0),
      load(BPF_B, 6),
      // The protocol is in R0.
      skip_if(BPF_JEQ, R0, 6, 2),
      skip_if(BPF_JEQ, R0, 17, 1),
      skip_if(BPF_JNE, R0, 132, 4),  // To the hash.
      load_behind(BPF_H, R8, 0),
      add(R7, R0),
      load_behind(BPF_H, R8, 2),
      add(R7, R0),
      // The hash, and its slot.
      compute(BPF_MUL, R7, esp::kFlowHashFactor),
      compute64(BPF_MUL, R7, slots),
      compute64(BPF_RSH, R7, 32),
      copy(R0, R7),
      leave(),
  });
}

}  // namespace

UniqueFd load_flow_program(uint32_t slots) {
  const auto program = flow_program(slots);
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  attributes.insn_cnt = static_cast<uint32_t>(program.size());
  attributes.insns = reinterpret_cast<uint64_t>(program.data());
  attributes.license = reinterpret_cast<uint64_t>("");  // No function of the kernel is called.
  return UniqueFd(
      static_cast<int>(::syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes)));
}

int set_tun_steering(int tun, uint32_t slots) {
  UniqueFd program;
  if (slots != 0) {
    program = load_flow_program(slots);
    if (!program) return -1;
  }
  int fd = slots == 0 ? -1 : program.get();
  return ::ioctl(tun, TUNSETSTEERINGEBPF, &fd);
}

int set_tun_queue(int tun, bool is_attached) {
  ifreq request{};
  request.ifr_flags = static_cast<short>(is_attached ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE);
  return ::ioctl(tun, TUNSETQUEUE, &request);
}

void await_packets_under_way() {
  // The kernel steers and queues inside one RCU reader, and this waits for all of them.
  static_cast<void>(::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0));
}

}  // namespace twinspan::tun
