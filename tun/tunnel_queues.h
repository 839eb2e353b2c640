// The queues of one tunnel's device and the workers that serve them: queue q belongs to worker
// (tunnel + q) % workers. Of a device with several queues as many are in use as the tunnel has
// resources (RFC 9611), and the kernel is told to spread flows over them.
//
// Invariant: a queue in use has its worker, and a worker reads only queues in use. What a queue's
// worker seals with is told by the SA table; so that it finds an SA there, the caller publishes a
// table with more resources before grow(), and one with fewer after shrink().
// Thread: the control thread.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/log.h"
#include "tun/data_plane.h"
#include "tun/tun_port.h"
#include "tun/worker.h"

namespace twinspan::tun {

class TunnelQueues {
 public:
  // `workers` and `io` outlive it. There are no more queues than workers.
  TunnelQueues(TunnelId tunnel, TunDevice device, bool copies_dscp, std::span<Worker> workers,
               PacketIo& io);
  // No loop knows the queues any more, and their descriptors are closed.
  ~TunnelQueues();
  TunnelQueues(const TunnelQueues&) = delete;
  TunnelQueues& operator=(const TunnelQueues&) = delete;

  std::span<const std::unique_ptr<TunPort>> ports() const { return ports_; }
  unsigned resources() const { return resources_; }
  void set_copies_dscp(bool on) {
    for (const auto& port : ports_) port->set_copies_dscp(on);
  }
  FlowSteering steering() const;

  // To fewer resources than resources(): when it returns, nothing waits in a queue that is out of
  // use. Where the kernel steers by itself, it may have put packets there until the end; those are
  // lost.
  void shrink(unsigned resources);
  // To more. Errno of the kernel when it does not give all queues: the flows then share those that
  // it gave; 0: done.
  int grow(unsigned resources);

 private:
  Worker& owner(const TunPort& port) const;
  unsigned queues_for(unsigned resources) const;
  void steer();
  int take_into_use(TunPort& port);
  void take_out_of_use(TunPort& port);

  std::span<Worker> workers_;
  PacketIo& io_;
  std::vector<std::unique_ptr<TunPort>> ports_;
  unsigned resources_ = 1;
  unsigned in_use_ = 1;  // Queues, from the first on.
  bool is_steered_ = false;
};

}  // namespace twinspan::tun
