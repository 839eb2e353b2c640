#include "tools/twinspand/estate_changes.h"

#include <fmt/format.h>

#include <filesystem>

#include "policy/succession.h"
#include "tools/twinspand/control_protocol.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;

json changes_json(const policy::ChangeList& list) {
  json changes = json::array();
  for (const policy::Change& change : list.changes) {
    json entry = {{"object", change.object},
                  {"action", policy::to_string(change.action)},
                  {"impact", change.impact},
                  {"traffic", policy::traffic_effect(change)}};
    if (!change.renamed_from.empty()) entry["renamed_from"] = change.renamed_from;
    if (change.waits_for_peer) entry["waits_for_peer"] = true;
    changes.push_back(std::move(entry));
  }
  return changes;
}

json refusals_json(const std::vector<policy::Refusal>& list) {
  json refusals = json::array();
  for (const policy::Refusal& refusal : list) {
    refusals.push_back({{"object", refusal.object},
                        {"message", refusal.message},
                        {"delete_first", refusal.delete_first},
                        {"lost", refusal.lost},
                        {"remedy", refusal.remedy},
                        {"text", refusal.to_string()}});
  }
  return refusals;
}

// The host may refuse to go back because of something that somebody is about to mend.
constexpr std::chrono::seconds kRollBackRetry{5};

Err<ChangeFault> failed(const std::string& message, const std::string& remedy) {
  return Err(ChangeFault{kErrorFailed, {{"message", message}, {"remedy", remedy}}});
}

policy::EstateView view_of(const Estate& estate) {
  return {*estate.model, estate.plan};
}

}  // namespace

EstateChanges::EstateChanges(boost::asio::io_context& context, Gateway& gateway,
                             const DaemonOptions& options, EventJournal& journal, const Log& log)
    : gateway_(gateway),
      options_(options),
      journal_(journal),
      log_(log.with_area("estate")),
      deadline_(context) {}

Result<EstateChanges::Next, ChangeFault> EstateChanges::read(const ChangeRequest& request) const {
  const std::string& file = request.file.empty() ? options_.config_path : request.file;
  auto estate = load_estate(file, options_.gateway, options_.instance);
  if (!estate) return Err(bad_estate(estate.error(), request));
  policy::carry_over(gateway_.estate().plan, estate->plan);
  auto list = policy::list_changes(view_of(gateway_.estate()), view_of(*estate), request.replaced);
  return Next{*std::move(estate), std::move(list)};
}

// Whatever else is wrong with it, an estate that changes the type of the gateway says so.
ChangeFault EstateChanges::bad_estate(const EstateFault& fault,
                                      const ChangeRequest& request) const {
  const Estate& running = gateway_.estate();
  std::vector<policy::Refusal> refusals;
  if (fault.model && request.replaced != running.plan.gateway) {
    if (auto refusal = policy::refuse_kind(*running.model, running.plan, *fault.model))
      refusals.push_back(*std::move(refusal));
  }
  return {kErrorBadEstate, {{"errors", fault.errors}, {"refusals", refusals_json(refusals)}}};
}

Result<json, ChangeFault> EstateChanges::plan(const ChangeRequest& request) const {
  TRY_ASSIGN(const Next next, read(request));
  return json{{"schema", "twinspan.plan/1"},
              {"changes", changes_json(next.list)},
              {"refusals", refusals_json(next.list.refusals)},
              {"warnings", next.estate.warnings}};
}

Result<json, ChangeFault> EstateChanges::apply(const ChangeRequest& request) {
  if (former_) {
    return failed("a change waits for its confirmation",
                  "`twinspan confirm` it, or wait until it is rolled back");
  }
  TRY_ASSIGN(Next next, read(request));
  if (!next.list.refusals.empty()) {
    return Err(ChangeFault{
        kErrorRefused,
        {{"changes", changes_json(next.list)}, {"refusals", refusals_json(next.list.refusals)}}});
  }
  json answer = {{"schema", "twinspan.apply/1"},
                 {"changes", changes_json(next.list)},
                 {"warnings", next.estate.warnings},
                 {"config", std::filesystem::absolute(options_.config_path).string()},
                 {"confirm_within_seconds", request.confirm_within.count()}};
  for (const std::string& warning : next.estate.warnings) log_.warning("{}", warning);
  Estate former = gateway_.estate();
  if (const auto applied = gateway_.apply(std::move(next.estate)); !applied) {
    log_.error("{}", applied.error().to_string());
    return failed(applied.error().to_string(), applied.error().remedy());
  }
  log_.info("{} change(s) applied", next.list.changes.size());
  journal_.add("estate-applied", "", {{"changes", next.list.changes.size()}});
  if (request.confirm_within.count() > 0)
    wait_for_confirmation(std::move(former), request.confirm_within);
  return answer;
}

void EstateChanges::wait_for_confirmation(Estate former, std::chrono::seconds time) {
  former_ = std::move(former);
  roll_back_refused_for_.clear();
  log_.warning("the change is rolled back in {} s unless it is confirmed", time.count());
  roll_back_after(time);
}

void EstateChanges::roll_back_after(std::chrono::seconds time) {
  deadline_.expires_after(time);
  deadline_.async_wait([this](const boost::system::error_code& error) {
    if (!error && former_) roll_back();
  });
}

Result<json, ChangeFault> EstateChanges::confirm() {
  if (!former_)
    return failed("no change waits for a confirmation", "it stands, or was rolled back already");
  former_.reset();
  deadline_.cancel();
  log_.info("the change is confirmed");
  journal_.add("estate-confirmed", "", json::object());
  return json{{"schema", "twinspan.result/1"}, {"ok", true}};
}

void EstateChanges::roll_back() {
  Estate former = *former_;
  policy::carry_over(gateway_.estate().plan, former.plan);
  const auto applied = gateway_.apply(std::move(former));
  if (applied) {
    former_.reset();
    log_.warning("nobody has confirmed the change: it is rolled back");
    journal_.add("estate-rolled-back", "", {{"ok", true}, {"message", ""}});
    return;
  }
  report_refused_roll_back(applied.error().to_string());
  roll_back_after(kRollBackRetry);
}

void EstateChanges::report_refused_roll_back(const std::string& why) {
  if (why == roll_back_refused_for_) {
    log_.debug("the change cannot be rolled back still, for the same reason");
    return;
  }
  roll_back_refused_for_ = why;
  log_.error("the change cannot be rolled back yet, and is tried every {} s: {}",
             kRollBackRetry.count(), why);
  journal_.add("estate-roll-back-refused", "", {{"message", why}});
}

}  // namespace twinspan::tools
