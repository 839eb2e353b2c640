// All IKE SAs of the endpoint by our SPI, and the look-ups across them. Ordered, so that walking it
// is the same in every run with the same seed.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "ike/core/admission.h"
#include "ike/core/ike_sa.h"

namespace twinspan::ike {

class SaRegistry {
 public:
  using Map = std::map<IkeSpi, std::unique_ptr<IkeSa>>;

  IkeSa& add(std::unique_ptr<IkeSa> sa);
  IkeSa* find(IkeSpi own_spi);
  // A responder's SA that this very IKE_SA_INIT request made, whatever became of it.
  IkeSa* find_by_init(const Endpoint& remote, IkeSpi initiator, ByteView request);
  std::vector<IkeSa*> of_tunnel(TunnelId tunnel);
  // Half-open SAs, all and those of the network that `sender` is in.
  HalfOpenLoad half_open(const IpAddress& sender) const;
  void sweep();  // Forgets the Closed ones.
  const Map& all() const { return map_; }

  struct Place {
    IkeSa* sa = nullptr;
    ChildSa* child = nullptr;
  };
  Place find_child_by_inbound(Spi spi);
  Place find_child_by_either(Spi spi);
  Place find_child(TunnelId tunnel, ChildId id);

  IkeSpi fresh_ike_spi(RandomSource& random) const;
  ChildId fresh_child_id() { return ChildId{++last_child_id_}; }
  bool inbound_in_use(Spi spi) const;

 private:
  friend class StateDump;

  Map map_;
  uint64_t last_child_id_ = 0;
};

}  // namespace twinspan::ike
