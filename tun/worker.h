// One worker: its loops and the threads that run them. With ThreadShape::Joined both loops are on
// the one thread.
#pragma once

#include <memory>
#include <vector>

#include "tun/worker_inbound.h"
#include "tun/worker_outbound.h"

namespace twinspan::tun {

struct Worker {
  std::vector<std::unique_ptr<WorkerThread>> threads;
  std::unique_ptr<RecordQueue> inbound_records;
  std::unique_ptr<RecordQueue> outbound_records;
  std::unique_ptr<WorkerOutbound> outbound;
  WorkerInbound* inbound = nullptr;

  WorkerThread& inbound_thread() { return *threads.back(); }
  WorkerThread& outbound_thread() { return *threads.front(); }
};

}  // namespace twinspan::tun
