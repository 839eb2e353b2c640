// The kernel's side of multi-queue TUN devices made of socket pairs: which queues are in use, and
// into which of them a packet goes. What the kernel would lose without a word is counted here.
//
// Threads: set_tun_*() on the control thread, send() on any other.
#pragma once

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <vector>

#include "esp/flow_hash.h"
#include "tun/packet_io.h"
#include "tun/virtio_header.h"

namespace twinspan::tun {

class FakeQueues : public PacketIo {
 public:
  struct Queue {
    int plane;  // The data plane's end.
    int inner;
    bool is_in_use = false;
  };

  int steering_error = 0;   // Errno of every program; 0: taken.
  int queue_error = 0;      // Errno of attaching.
  size_t lost_packets = 0;  // That waited in a queue when it was taken out of use.
  size_t awaited = 0;       // Calls of await_packets_under_way() behind the last program.

  // Only the first queue is in use.
  void add_device(const std::vector<Queue>& queues) {
    const std::lock_guard lock(mutex_);
    devices_.push_back({.queues = queues});
    devices_.back().queues.front().is_in_use = true;
  }

  size_t in_use(size_t device = 0) {
    const std::lock_guard lock(mutex_);
    return in_use(devices_[device]);
  }
  uint32_t slots(size_t device = 0) {
    const std::lock_guard lock(mutex_);
    return devices_[device].slots;
  }

  // Into the queue that the kernel chooses; without a program into that of `by_itself`. Returns the
  // queue, or -1 when it is full.
  int send(size_t device, ByteView packet, const VirtioHeader& header, unsigned by_itself = 0) {
    const std::lock_guard lock(mutex_);
    const Device& to = devices_[device];
    const uint32_t chosen =
        to.slots == 0 ? by_itself : esp::flow_slot(esp::flow_hash(packet), to.slots);
    const auto queue = static_cast<int>(chosen % in_use(to));
    return put(to.queues[chosen % in_use(to)], packet, header) ? queue : -1;
  }
  bool send_to(size_t device, size_t queue, ByteView packet, const VirtioHeader& header) {
    const std::lock_guard lock(mutex_);
    return put(devices_[device].queues[queue], packet, header);
  }

  int set_tun_queue(int fd, bool is_attached) override {
    const std::lock_guard lock(mutex_);
    if (is_attached && queue_error != 0) return fail(queue_error);
    Device& device = device_of(fd);
    const size_t count = in_use(device);
    // Whoever comes is put behind the others, and the last one takes the place of whoever goes.
    const size_t at = is_attached ? count : count - 1;
    if (at >= device.queues.size() || device.queues[at].plane != fd) return fail(EINVAL);
    device.queues[at].is_in_use = is_attached;
    pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
    if (!is_attached && ::poll(&waiting, 1, 0) != 0) ++lost_packets;
    return 0;
  }

  int set_tun_steering(int fd, uint32_t slots) override {
    const std::lock_guard lock(mutex_);
    if (slots != 0 && steering_error != 0) return fail(steering_error);
    device_of(fd).slots = slots;
    awaited = 0;
    return 0;
  }

  void await_packets_under_way() override { ++awaited; }

 private:
  struct Device {
    std::vector<Queue> queues;
    uint32_t slots = 0;  // Of the program; 0: there is none.
  };

  static bool put(const Queue& queue, ByteView packet, const VirtioHeader& header) {
    const iovec pieces[2] = {{const_cast<VirtioHeader*>(&header), kVirtioHeaderSize},
                             {const_cast<uint8_t*>(packet.data()), packet.size()}};
    return ::writev(queue.inner, pieces, 2) > 0;
  }
  static int fail(int error) {
    errno = error;
    return -1;
  }
  static size_t in_use(const Device& device) {
    return static_cast<size_t>(std::ranges::count(device.queues, true, &Queue::is_in_use));
  }
  Device& device_of(int fd) {
    // The newest: descriptors of devices that are gone are used again.
    return *std::find_if(devices_.rbegin(), devices_.rend(), [&](const Device& device) {
      return std::ranges::find(device.queues, fd, &Queue::plane) != device.queues.end();
    });
  }

  std::mutex mutex_;
  std::vector<Device> devices_;
};

}  // namespace twinspan::tun
