// One running gateway instance: joins the plan, the host, the data plane and the IKE endpoint.
// Wiring, no protocol: every decision is made in policy/, ike/ or esp/ and carried out here.
//
// Thread: the control thread (the io_context's) for everything; the data plane has its own workers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "esp/kernels/select.h"
#include "ike/crypto/provider.h"
#include "ike/driver/asio_driver.h"
#include "policy/explain.h"
#include "policy/firewall_text.h"
#include "policy/succession.h"
#include "policy/tunnel_sources.h"
#include "policy/verify.h"
#include "policy/views.h"
#include "tools/twinspand/answers_json.h"
#include "tools/twinspand/carrier.h"
#include "tools/twinspand/clock_watch.h"
#include "tools/twinspand/estate.h"
#include "tools/twinspand/event_journal.h"
#include "tools/twinspand/key_log.h"
#include "tools/twinspand/name_resolver.h"
#include "tools/twinspand/options.h"
#include "tools/twinspand/outer_sockets.h"
#include "tools/twinspand/status_json.h"
#include "tools/twinspand/tunnel_board.h"
#include "tools/twinspand/undo.h"
#include "tun/data_plane.h"
#include "tun/host.h"

namespace twinspan::tools {

using CommandKind = ike::EventCommandDone::Kind;
using CommandOutcome = std::function<void(bool ok, const ike::Diagnosis& diagnosis)>;

class Gateway : private ike::DatagramPort {
 public:
  struct Parts {
    boost::asio::io_context& context;
    tun::Host& host;
    const esp::kernels::KernelSet& kernels;
    ike::Provider& provider;
    EventJournal& journal;
    std::unique_ptr<KeyLog> key_log;  // nullptr: none.
    Log log;
  };

  Gateway(Estate estate, const DaemonOptions& options, Parts parts);
  ~Gateway() override;

  // Sockets, claim, isolation, unreachable routes, devices, routes, workers: in this order, so that
  // nothing ever goes out in clear or into another network. An error leaves a host that was
  // untouched before as it was.
  Result<void, tun::HostError> start();
  void negotiate();  // Hands the peers to IKE; call after `ready`.
  // Takes on another estate while it runs, after policy::carry_over(). Tunnels that carry on
  // unchanged keep everything; of those that change the IKE core does what policy/change_effect.h
  // says. The error: the host refused something, and everything is as before.
  Result<void, ChangeRefusal> apply(Estate next);
  const Estate& estate() const { return estate_; }  // As carried out.
  // Reads every key, certificate and CRL of the plan again; SAs stay. The error: a line for each
  // fault, and everything is as before.
  Result<void, std::vector<std::string>> reload_credentials();
  // Deletes the SAs with the peers' knowledge, turns carriers off, then calls `done`.
  void stop(std::function<void()> done);

  // For the control socket.
  nlohmann::json status() const;
  nlohmann::json show(const TunnelView& tunnel) const;
  const TunnelView* find(const std::string& connection) const;
  // By name; all when it is empty. The list is empty when there is none of that name.
  nlohmann::json routes(const std::string& virtual_network) const;
  nlohmann::json peerings(const std::string& name) const;
  nlohmann::json gateways(const std::string& name) const;
  // gateway_questions.cc. nullopt: nothing comes from a network `from` here.
  std::optional<nlohmann::json> explain(const policy::ExplainQuestion& question) const;
  nlohmann::json drops(size_t last) const;
  nlohmann::json verify(const std::string& connection) const;  // All when it is empty.
  std::string dump_state() const { return endpoint_.dump_state(); }
  // One command for one tunnel; `outcome` is called once.
  void command(CommandKind kind, TunnelId tunnel, CommandOutcome outcome);
  // `listener` hears the negotiation messages of a tunnel until it is removed.
  int listen(TunnelId tunnel, std::function<void(const std::string&)> listener);
  void unlisten(int id) { listeners_.erase(id); }

 private:
  // Start-up steps.
  Result<void, tun::HostError> check_host(const std::vector<IpAddress>& addresses);
  Result<void, tun::HostError> set_routes(const policy::Plan& plan, bool with_tunnels);
  Result<tun::TunDevice, tun::HostError> open_device(const policy::TunnelPlan& plan);
  // The tunnel `index` of estate_, with a number of its own; the board has it then.
  void add_tunnel(size_t index, tun::TunDevice device);
  Result<void, tun::HostError> occupy_host();
  void record_peerings();
  // Puts the isolation up again when somebody has deleted it.
  void watch_isolation();
  Result<void, tun::HostError> put_up_isolation(const policy::Plan& plan);
  void wait_for_firewall_news();
  void restore_isolation();

  // gateway_apply.cc: from one estate to another.
  struct Granted;
  struct Changes {
    const policy::Plan& before;
    std::vector<policy::TunnelSuccession> tunnels;
  };
  Result<Granted, tun::HostError> prepare(const policy::Plan& next,
                                          const std::vector<policy::TunnelSuccession>& tunnels,
                                          Undo& undo);
  void carry_out(const Changes& changes, Estate next, Granted granted);
  void retire(const TunnelView& tunnel);
  void fail_waiting(TunnelId id, const std::string& connection);
  // What held before a change.
  struct Former {
    const policy::Plan& plan;
    const policy::TunnelSources& sources;
  };
  void change_tunnel(TunnelView& tunnel, const Former& former, size_t index);
  void negotiate(const std::vector<policy::TunnelSuccession>& tunnels);
  void change_peer(const policy::TunnelSuccession& tunnel, size_t index);
  void conclude_change(TunnelId id, const std::string& action, bool ok,
                       const ike::Diagnosis& diagnosis);
  ike::PeerConfig peer_config(const TunnelView& tunnel, size_t index) const;

  // ike::DatagramPort
  void send(const ike::Datagram& datagram) override;

  // gateway_events.cc: what the IKE core asks for and tells.
  void handle(ike::Event event);
  void on(ike::EventInstallPair event);
  void on(const ike::EventActivateOutbound& event);
  void on(const ike::EventRemoveOutbound& event);
  void on(const ike::EventRemoveInbound& event);
  void on(const ike::EventUpdateRemote& event);
  void on(const ike::EventPathSize& event);
  void on(const ike::EventResolve& event);
  void on(const ike::EventTunnelState& event);
  void on(const ike::EventExchangeFailed& event);
  void on(const ike::EventChildEstablished& event);
  void on(const ike::EventChildGone& event);
  void on(const ike::EventChildTrouble& event);
  void on(const ike::EventIkeEstablished& event);
  void on(const ike::EventIkeMoved& event);
  void on(const ike::EventIkeGone& event);
  void on(const ike::EventCommandDone& event);
  void on(const ike::EventPeerRemoved& event);
  void on(const ike::EventMessage& event);
  void on(const ike::EventIkeKeys& event);
  void on(const ike::EventQuiet& event);
  void update_carrier(const TunnelView& tunnel);
  void update_mtu(TunnelView& tunnel, const IpAddress& remote);
  void publish_if_changed();

  // Records of the data plane.
  void wait_for_records();
  void take_records();
  void handle(tun::DataPlaneRecord record);

  void tick();  // Once a second: tells IKE the wall time, and which tunnels still receive.
  void warn_of_credentials() const;
  void set_credentials(size_t index);  // Those of estate_.
  const TunnelCredentials& credentials_of(const TunnelView& tunnel) const;
  std::vector<std::string> warnings(const TunnelView& tunnel) const;
  nlohmann::json pending_change(const TunnelView& tunnel) const;
  tun::TunnelTotals totals(const TunnelView& tunnel) const;

  class Tables;
  std::vector<KernelDrops> kernel_drops(const Tables& tables) const;
  policy::ExplainQuestion question_of(const policy::FirewallNote& note) const;
  policy::VerifyFacts verify_facts(const TunnelView& tunnel, const Tables& tables) const;

  Estate estate_;
  policy::TunnelSources sources_;  // Of its plan.
  DaemonOptions options_;
  Parts parts_;
  Log log_;

  TunnelBoard board_;  // Tunnel i of it is tunnel i of estate_, except while they change.
  TunnelId last_id_{static_cast<uint32_t>(esp::kTunnelsMax) - 1};
  tun::DataPlane data_plane_;
  OuterSockets sockets_;
  ike::IkeEndpoint endpoint_;
  ike::AsioDriver driver_;
  NameResolver names_;
  std::map<TunnelId, std::unique_ptr<Carrier>> carriers_;
  policy::PeeringRecords peering_records_;  // As carried out by now.
  policy::FirewallTable firewall_;          // As it was when our rules were put up.
  bool table_changed_ = false;

  boost::asio::posix::stream_descriptor records_;
  boost::asio::steady_timer tick_timer_;
  ClockWatch clock_watch_;
  boost::asio::posix::stream_descriptor firewall_news_;
  std::unordered_map<uint32_t, uint64_t> inbound_packets_seen_;

  std::map<std::pair<TunnelId, CommandKind>, std::deque<CommandOutcome>> waiting_;
  struct Listener {
    TunnelId tunnel;
    std::function<void(const std::string&)> tell;
  };
  std::map<int, Listener> listeners_;
  int next_listener_ = 1;
  std::function<void()> stopped_;
};

}  // namespace twinspan::tools
