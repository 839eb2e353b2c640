#include "policy/faults.h"

#include <algorithm>

namespace twinspan::policy {
namespace {

bool has_file(const Model& model, const std::string& file) {
  return std::ranges::find(model.files, file) != model.files.end();
}

// Findings name what is in another file than their own with that file's name.
std::string shown_object(const Finding& finding, const std::string& object, const Model& own,
                         const Model* peer) {
  const bool is_about_peer =
      peer != nullptr && has_file(*peer, finding.file) && !has_file(own, finding.file);
  if (!is_about_peer) return object;
  const std::string ours = own.files.empty() ? "" : own.files.front() + ":";
  if (!ours.empty() && object.starts_with(ours)) return object.substr(ours.size());
  return peer->files.front() + ":" + object;
}

bool is_network(const std::string& object) {
  return object.substr(object.rfind(':') + 1).starts_with("virtual_networks.");
}

// An overlap stands where two networks are joined; what has to change is one of them.
void place_in_network(Fault& fault) {
  const auto network = std::ranges::find_if(fault.objects, is_network);
  if (network == fault.objects.end()) return;
  std::ranges::rotate(fault.objects.begin(), network, network + 1);
  fault.field = "address_space";
}

}  // namespace

Faults faults_of(const Findings& findings, const Model& own, const Model* peer) {
  Faults faults;
  for (const Finding& finding : findings) {
    if (finding.severity != Severity::Error || finding.objects.empty()) continue;
    Fault fault{
        .id = finding.id, .objects = {}, .field = finding.field, .message = finding.message};
    for (const std::string& object : finding.objects)
      fault.objects.push_back(shown_object(finding, object, own, peer));
    if (fault.field.empty() && is_overlap_rule(fault.id)) place_in_network(fault);
    faults.push_back(std::move(fault));
  }
  return faults;
}

std::vector<std::string> objects_of(const End& end) {
  std::vector<std::string> objects;
  const auto add = [&](const auto* object) {
    if (object != nullptr) objects.push_back(path_of(*object));
  };
  add(&end.connection);
  add(local_gateway(end.model, end.connection));
  add(local_network(end.model, end.connection));
  add(site_of(end.model, end.connection));
  add(find(end.model.ipsec_policies, *end.connection.ipsec_policy_name));
  return objects;
}

}  // namespace twinspan::policy
