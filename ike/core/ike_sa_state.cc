#include "ike/core/ike_sa_state.h"

#include <fmt/format.h>

namespace twinspan::ike {

const char* to_string(IkeSaState state) {
  static constexpr const char* kNames[kIkeSaStateCount] = {
      "Idle",        "InitSent",  "InitAnswered", "AuthSent", "IntermediateSent", "IntermediateDue",
      "Established", "Candidate", "Replaced",     "Deleting", "Lingering",        "Closed"};
  return kNames[static_cast<size_t>(state)];
}

std::string render_state_edges() {
  std::string text;
  for (const StateEdge& edge : kStateEdges) {
    text += fmt::format("{:<16} --> {:<16}  {}\n", to_string(edge.from), to_string(edge.to),
                        edge.story);
  }
  return text;
}

}  // namespace twinspan::ike
