#include "tun/tunnel_queues.h"

#include <algorithm>
#include <cerrno>

#include "base/check.h"

namespace twinspan::tun {

TunnelQueues::TunnelQueues(TunnelId tunnel, TunDevice device, bool copies_dscp,
                           std::span<Worker> workers, PacketIo& io)
    : workers_(workers), io_(io) {
  CHECK(device.further.size() < workers.size());
  const PortOptions options{.vnet_header = device.vnet_header,
                            .tso = device.tso,
                            .uso = device.uso,
                            .copies_dscp = copies_dscp};
  ports_.push_back(std::make_unique<TunPort>(tunnel, 0, std::move(device.fd), options, io));
  for (UniqueFd& fd : device.further) {
    const auto queue = static_cast<unsigned>(ports_.size());
    ports_.push_back(std::make_unique<TunPort>(tunnel, queue, std::move(fd), options, io));
    ports_.back()->write_by(*ports_.front());
  }
  for (const auto& port : ports_) {
    Worker& worker = owner(*port);
    worker.inbound_thread().call([&] { worker.inbound->add_port(*port); });
  }
  Worker& first = owner(*ports_.front());
  first.outbound_thread().call([&] { first.outbound->add_port(*ports_.front()); });
  // An adopted device may have the program of its last run.
  if (ports_.size() > 1) steer();
}

TunnelQueues::~TunnelQueues() {
  for (const auto& port : ports_) {
    Worker& worker = owner(*port);
    if (port->queue() < in_use_) {
      worker.outbound_thread().call([&] { worker.outbound->remove_port(*port); });
    }
    worker.inbound_thread().call([&] { worker.inbound->remove_port(*port); });
  }
}

FlowSteering TunnelQueues::steering() const {
  if (ports_.size() == 1) return FlowSteering::Unused;
  return is_steered_ ? FlowSteering::ByHash : FlowSteering::ByKernel;
}

void TunnelQueues::shrink(unsigned resources) {
  CHECK(resources > 0 && resources < resources_);
  resources_ = resources;
  steer();
  io_.await_packets_under_way();
  while (in_use_ > queues_for(resources)) take_out_of_use(*ports_[--in_use_]);
}

int TunnelQueues::grow(unsigned resources) {
  CHECK(resources > resources_);
  resources_ = resources;
  int error = 0;
  while (error == 0 && in_use_ < queues_for(resources)) {
    error = take_into_use(*ports_[in_use_]);
    if (error == 0) ++in_use_;
  }
  steer();
  return error;
}

Worker& TunnelQueues::owner(const TunPort& port) const {
  return workers_[(port.tunnel().value + port.queue()) % workers_.size()];
}

unsigned TunnelQueues::queues_for(unsigned resources) const {
  return std::min(resources, static_cast<unsigned>(ports_.size()));
}

// By the kernel's own choice where it does not take the program.
void TunnelQueues::steer() {
  const int fd = ports_.front()->fd();
  is_steered_ = io_.set_tun_steering(fd, resources_) == 0;
  if (!is_steered_) io_.set_tun_steering(fd, 0);
}

int TunnelQueues::take_into_use(TunPort& port) {
  if (io_.set_tun_queue(port.fd(), true) != 0) return errno;
  port.write_by(port);
  Worker& worker = owner(port);
  worker.outbound_thread().call([&] { worker.outbound->add_port(port); });
  return 0;
}

void TunnelQueues::take_out_of_use(TunPort& port) {
  Worker& worker = owner(port);
  worker.outbound_thread().call([&] { worker.outbound->finish_port(port); });
  port.write_by(*ports_.front());
  // Whatever it was writing by the queue itself is written.
  worker.inbound_thread().call([] {});
  // Fails for a device that was deleted under us, whose queues are gone anyway.
  static_cast<void>(io_.set_tun_queue(port.fd(), false));
}

}  // namespace twinspan::tun
