// Which queue of a multi-queue TUN device the kernel puts a packet into: the slot that
// esp/flow_hash gives its flow, computed by a small program inside the kernel
// (TUNSETSTEERINGEBPF). Without it the kernel takes the queue by which the flow's other direction
// was written last, and for a new flow any.
// Thread: the control thread.
#pragma once

#include <cstdint>

#include "tun/unique_fd.h"

namespace twinspan::tun {

// The program, whose result is esp::flow_slot(esp::flow_hash(packet), slots) for a packet that
// begins with its IP header. Invalid, with errno, where the kernel does not allow it: it takes
// CAP_BPF, and bpf(2) past seccomp.
UniqueFd load_flow_program(uint32_t slots);

// The results of ioctl(2) and bpf(2). `slots` 0 takes the program away.
int set_tun_steering(int tun, uint32_t slots);

// Puts a queue into use behind those that are, or takes it out: then the last one has its place,
// and what waited in it is lost (TUNSETQUEUE).
int set_tun_queue(int tun, bool is_attached);

// Returns when every packet that was on its way into a device at the time of the call is there.
void await_packets_under_way();

}  // namespace twinspan::tun
