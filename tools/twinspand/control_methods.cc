#include "tools/twinspand/control_methods.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "tools/twinspand/control_protocol.h"
#include "tools/twinspand/diagnosis_json.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;
using Call = std::shared_ptr<ControlCall>;

std::string text_parameter(const json& parameters, const char* name) {
  const auto found = parameters.find(name);
  return found != parameters.end() && found->is_string() ? found->get<std::string>() : "";
}

bool flag_parameter(const json& parameters, const char* name) {
  const auto found = parameters.find(name);
  return found != parameters.end() && found->is_boolean() && found->get<bool>();
}

unsigned number_parameter(const json& parameters, const char* name, unsigned otherwise = 0) {
  const auto found = parameters.find(name);
  return found != parameters.end() && found->is_number_unsigned() ? found->get<unsigned>()
                                                                  : otherwise;
}

// nullopt: the addresses are none.
std::optional<policy::ExplainQuestion> to_question(const json& parameters) {
  const auto source = IpAddress::parse(text_parameter(parameters, "source"));
  const auto destination = IpAddress::parse(text_parameter(parameters, "destination"));
  if (!source || !destination) return std::nullopt;
  const auto number = [&](const char* name) { return number_parameter(parameters, name); };
  return policy::ExplainQuestion{
      .flow = {.source = *source,
               .destination = *destination,
               .protocol = static_cast<uint8_t>(number("protocol")),
               .source_port = static_cast<uint16_t>(number("source_port")),
               .destination_port = static_cast<uint16_t>(number("destination_port")),
               .length = number("length"),
               .may_fragment = !flag_parameter(parameters, "dont_fragment")},
      .from = text_parameter(parameters, "from")};
}

class Methods {
 public:
  Methods(Gateway& gateway, EstateChanges& changes, EventJournal& journal)
      : gateway_(gateway), changes_(changes), journal_(journal) {}

  void handle(const std::string& method, const json& parameters, const Call& call) {
    using Method = void (Methods::*)(const json&, const Call&);
    static const std::unordered_map<std::string, Method> kMethods = {
        {"org.varlink.service.GetInfo", &Methods::get_info},
        {kMethodStatus, &Methods::status},
        {kMethodShow, &Methods::show},
        {kMethodUp, &Methods::up},
        {kMethodDown, &Methods::down},
        {kMethodRekey, &Methods::rekey},
        {kMethodEvents, &Methods::events},
        {kMethodReloadCredentials, &Methods::reload_credentials},
        {kMethodRoutes, &Methods::routes},
        {kMethodShowPeering, &Methods::show_peering},
        {kMethodShowGateway, &Methods::show_gateway},
        {kMethodExplain, &Methods::explain},
        {kMethodDrops, &Methods::drops},
        {kMethodVerify, &Methods::verify},
        {kMethodDumpState, &Methods::dump_state},
        {kMethodPlan, &Methods::plan},
        {kMethodApply, &Methods::apply},
        {kMethodConfirm, &Methods::confirm},
    };
    const auto found = kMethods.find(method);
    if (found == kMethods.end()) return call->fail(kErrorMethodNotFound, {{"method", method}});
    (this->*found->second)(parameters, call);
  }

 private:
  void get_info(const json&, const Call& call) {
    call->reply({{"vendor", "Twinspan"},
                 {"product", "twinspand"},
                 {"version", TWINSPAN_VERSION},
                 {"url", ""},
                 {"interfaces", {"org.varlink.service", kInterface}}});
  }

  void status(const json&, const Call& call) { call->reply(gateway_.status()); }

  void reload_credentials(const json&, const Call& call) {
    const auto reloaded = gateway_.reload_credentials();
    if (reloaded) return call->reply(json::object());
    call->fail(kErrorBadCredentials, {{"errors", reloaded.error()}});
  }

  void dump_state(const json&, const Call& call) {
    call->reply({{"state", gateway_.dump_state()}});
  }

  static ChangeRequest change_request(const json& parameters) {
    const auto seconds = parameters.find("confirm_within_seconds");
    const bool has_time = seconds != parameters.end() && seconds->is_number_unsigned();
    return {.file = text_parameter(parameters, "file"),
            .replaced = text_parameter(parameters, "replace"),
            .confirm_within = std::chrono::seconds(
                has_time ? std::min<uint64_t>(seconds->get<uint64_t>(), kConfirmSecondsMax) : 0)};
  }
  static void answer(const Result<json, ChangeFault>& result, const Call& call) {
    if (result) return call->reply(*result);
    call->fail(result.error().error, result.error().parameters);
  }
  void plan(const json& parameters, const Call& call) {
    answer(changes_.plan(change_request(parameters)), call);
  }
  void apply(const json& parameters, const Call& call) {
    answer(changes_.apply(change_request(parameters)), call);
  }
  void confirm(const json&, const Call& call) { answer(changes_.confirm(), call); }

  void show(const json& parameters, const Call& call) {
    if (const TunnelView* const tunnel = find(parameters, call))
      call->reply(gateway_.show(*tunnel));
  }

  void routes(const json& parameters, const Call& call) {
    const std::string name = text_parameter(parameters, "virtual_network");
    reply_or_fail(gateway_.routes(name), {"virtual network", "routes", name}, call);
  }

  void show_peering(const json& parameters, const Call& call) {
    const std::string name = text_parameter(parameters, "name");
    reply_or_fail(gateway_.peerings(name), {"peering", "peerings", name}, call);
  }

  void show_gateway(const json& parameters, const Call& call) {
    const std::string name = text_parameter(parameters, "name");
    reply_or_fail(gateway_.gateways(name), {"virtual network gateway", "gateways", name}, call);
  }

  void explain(const json& parameters, const Call& call) {
    const auto question = to_question(parameters);
    if (!question)
      return call->fail(kErrorInvalidParameter, {{"parameter", "source or destination"}});
    if (const auto answer = gateway_.explain(*question)) return call->reply(*answer);
    call->fail(kErrorUnknownObject, {{"kind", "virtual network"}, {"name", question->from}});
  }

  void drops(const json& parameters, const Call& call) {
    const size_t last = number_parameter(parameters, "last", kDropsDefault);
    call->reply(gateway_.drops(std::min(last, kDropsMax)));
  }

  void verify(const json& parameters, const Call& call) {
    const std::string name = text_parameter(parameters, "connection");
    if (!name.empty() && find(parameters, call) == nullptr) return;
    call->reply(gateway_.verify(name));
  }

  // What was asked for by name: an empty list means that there is none of it.
  struct Asked {
    const char* kind;
    const char* list;
    std::string name;
  };
  static void reply_or_fail(const json& answer, const Asked& asked, const Call& call) {
    if (!asked.name.empty() && answer[asked.list].empty())
      return call->fail(kErrorUnknownObject, {{"kind", asked.kind}, {"name", asked.name}});
    call->reply(answer);
  }

  void up(const json& parameters, const Call& call) { run(CommandKind::Up, parameters, call); }
  void down(const json& parameters, const Call& call) { run(CommandKind::Down, parameters, call); }
  void rekey(const json& parameters, const Call& call) {
    run(flag_parameter(parameters, "ike") ? CommandKind::RekeyIke : CommandKind::RekeyChild,
        parameters, call);
  }

  // The outcome may take a while; meanwhile the client hears each message of the negotiation.
  void run(CommandKind kind, const json& parameters, const Call& call) {
    const TunnelView* const tunnel = find(parameters, call);
    if (tunnel == nullptr) return;
    int listener = 0;
    if (call->wants_more()) {
      listener = gateway_.listen(
          tunnel->id, [call](const std::string& text) { call->progress({{"message", text}}); });
    }
    gateway_.command(kind, tunnel->id,
                     [this, call, listener, name = tunnel->plan.connection](
                         bool ok, const ike::Diagnosis& diagnosis) {
                       gateway_.unlisten(listener);
                       if (ok) return call->reply(json::object());
                       const TunnelView* const view = gateway_.find(name);
                       call->fail(kErrorFailed,
                                  diagnosis_json(diagnosis, view == nullptr ? policy::ConfigPlaces{}
                                                                            : view->places));
                     });
  }

  void events(const json& parameters, const Call& call) {
    const bool follow = flag_parameter(parameters, "follow") && call->wants_more();
    if (!follow) {
      json list = json::array();
      for (const json& event : journal_.recent()) list.push_back(event);
      return call->reply({{"schema", "twinspan.events/1"}, {"events", list}});
    }
    for (const json& event : journal_.recent()) call->progress(event);
    drop_followers_that_are_gone();
    if (followers_.size() >= kSessionsMax) {
      return call->fail(kErrorFailed, {{"message", "too many clients follow the events"}});
    }
    const int id = journal_.subscribe([call](const json& event) { call->progress(event); });
    followers_.emplace(id, call);
  }

  // A gateway may be quiet for long, so whoever comes clears up behind those who left.
  void drop_followers_that_are_gone() {
    std::erase_if(followers_, [this](const auto& follower) {
      if (!follower.second->client_is_gone()) return false;
      journal_.unsubscribe(follower.first);
      return true;
    });
  }

  const TunnelView* find(const json& parameters, const Call& call) {
    const std::string name = text_parameter(parameters, "connection");
    const TunnelView* const tunnel = gateway_.find(name);
    if (tunnel == nullptr) call->fail(kErrorUnknownConnection, {{"connection", name}});
    return tunnel;
  }

  Gateway& gateway_;
  EstateChanges& changes_;
  EventJournal& journal_;
  std::unordered_map<int, Call> followers_;  // By subscription.
};

}  // namespace

ControlHandler make_control_handler(Gateway& gateway, EstateChanges& changes,
                                    EventJournal& journal) {
  return [methods = std::make_shared<Methods>(gateway, changes, journal)](
             const std::string& method, const json& parameters, const Call& call) {
    methods->handle(method, parameters, call);
  };
}

}  // namespace twinspan::tools
