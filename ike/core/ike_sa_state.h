// The states of one IKE SA, the edges between them and why each is taken.
//
//   initiator:  Idle --> InitSent --> [IntermediateSent] --> AuthSent --.
//   responder:  Idle --> [IntermediateDue] --> InitAnswered -------------+--> Established
//   rekeyed:    Idle --> Candidate --------------------------------------'
//
//   Established --> [Replaced] --> Deleting --> [Lingering] --> Closed
//
// IkeSa::enter() is the only door; an edge that is not in the table stops the program, so no input
// of a peer may select a state directly.
#pragma once

#include <cstdint>
#include <string>

namespace twinspan::ike {

enum class IkeSaState : uint8_t {
  Idle,          // Just made.
  InitSent,      // Initiator: waits for IKE_SA_INIT's answer.
  InitAnswered,  // Responder: half open, waits for IKE_AUTH.
  AuthSent,      // Initiator: waits for IKE_AUTH's answer.
  // Additional key exchanges were agreed and are not all done (RFC 9242, RFC 9370 2.2.2).
  IntermediateSent,  // Initiator: waits for an answer to IKE_INTERMEDIATE.
  IntermediateDue,   // Responder: half open, waits for IKE_INTERMEDIATE.
  Established,       // Both AUTH verified.
  Candidate,         // Made by one of two crossing IKE rekeys; the other one is undecided.
  Replaced,          // Its children moved to a rekeyed IKE SA; the peer's DELETE is awaited.
  Deleting,          // Our DELETE is in flight.
  Lingering,         // Gone, but still repeats its last answer.
  Closed,            // To be swept.
};
inline constexpr unsigned kIkeSaStateCount = 12;

struct StateEdge {
  IkeSaState from;
  IkeSaState to;
  const char* story;
};

inline constexpr StateEdge kStateEdges[] = {
    {IkeSaState::Idle, IkeSaState::InitSent, "sent IKE_SA_INIT"},
    {IkeSaState::InitSent, IkeSaState::InitSent,
     "sent IKE_SA_INIT again, with a cookie or another group"},
    {IkeSaState::InitSent, IkeSaState::AuthSent, "keys derived, sent IKE_AUTH"},
    {IkeSaState::InitSent, IkeSaState::IntermediateSent, "keys derived, sent IKE_INTERMEDIATE"},
    {IkeSaState::IntermediateSent, IkeSaState::IntermediateSent,
     "keys renewed, sent the next IKE_INTERMEDIATE"},
    {IkeSaState::IntermediateSent, IkeSaState::AuthSent, "keys renewed, sent IKE_AUTH"},
    {IkeSaState::IntermediateSent, IkeSaState::Closed, "no answer, refused or no longer wanted"},
    {IkeSaState::InitSent, IkeSaState::Closed, "no answer, refused or no longer wanted"},
    {IkeSaState::Idle, IkeSaState::InitAnswered, "answered IKE_SA_INIT"},
    {IkeSaState::Idle, IkeSaState::IntermediateDue,
     "answered IKE_SA_INIT, agreed on additional key exchanges"},
    {IkeSaState::IntermediateDue, IkeSaState::IntermediateDue,
     "answered IKE_INTERMEDIATE, keys renewed, another is due"},
    {IkeSaState::IntermediateDue, IkeSaState::InitAnswered,
     "answered the last IKE_INTERMEDIATE, keys renewed"},
    {IkeSaState::IntermediateDue, IkeSaState::Lingering, "refused IKE_INTERMEDIATE"},
    {IkeSaState::IntermediateDue, IkeSaState::Closed, "half open for too long or no longer wanted"},
    {IkeSaState::InitAnswered, IkeSaState::Established, "verified the initiator's AUTH"},
    {IkeSaState::InitAnswered, IkeSaState::Lingering, "refused IKE_AUTH"},
    {IkeSaState::InitAnswered, IkeSaState::Closed, "half open for too long or no longer wanted"},
    {IkeSaState::AuthSent, IkeSaState::Established, "verified the responder's AUTH"},
    {IkeSaState::AuthSent, IkeSaState::Deleting,
     "the responder's AUTH or identity is wrong, or no longer wanted"},
    {IkeSaState::AuthSent, IkeSaState::Closed, "refused, or no answer"},
    {IkeSaState::Idle, IkeSaState::Candidate, "agreed inside the IKE SA that it replaces"},
    {IkeSaState::Candidate, IkeSaState::Established, "inherited the children"},
    {IkeSaState::Candidate, IkeSaState::Deleting, "lost the crossing of two IKE rekeys"},
    {IkeSaState::Candidate, IkeSaState::Lingering, "answered the peer's DELETE"},
    {IkeSaState::Candidate, IkeSaState::Closed, "the SA that it should replace is gone"},
    {IkeSaState::Established, IkeSaState::Replaced, "children moved to the peer's rekeyed IKE SA"},
    {IkeSaState::Established, IkeSaState::Deleting, "sent DELETE"},
    {IkeSaState::Established, IkeSaState::Lingering, "answered the peer's DELETE"},
    {IkeSaState::Established, IkeSaState::Closed, "the peer is gone"},
    {IkeSaState::Replaced, IkeSaState::Deleting, "the peer's DELETE did not come, sent ours"},
    {IkeSaState::Replaced, IkeSaState::Lingering, "answered the peer's DELETE"},
    {IkeSaState::Replaced, IkeSaState::Closed, "the peer is gone"},
    {IkeSaState::Deleting, IkeSaState::Lingering, "answered a crossing DELETE"},
    {IkeSaState::Deleting, IkeSaState::Closed, "DELETE answered or given up"},
    {IkeSaState::Lingering, IkeSaState::Closed, "lingered long enough"},
};

const char* to_string(IkeSaState state);

// A responder's SA whose initiator has not proven who it is.
constexpr bool is_half_open(IkeSaState state) {
  return state == IkeSaState::InitAnswered || state == IkeSaState::IntermediateDue;
}

// An initiator's SA that does not stand yet.
constexpr bool is_negotiating(IkeSaState state) {
  return state == IkeSaState::InitSent || state == IkeSaState::IntermediateSent ||
         state == IkeSaState::AuthSent;
}

// nullptr when there is no such edge.
constexpr const StateEdge* find_edge(IkeSaState from, IkeSaState to) {
  for (const StateEdge& edge : kStateEdges) {
    if (edge.from == from && edge.to == to) return &edge;
  }
  return nullptr;
}

// The table as text, one edge a line; ike/core/README.md shows it.
std::string render_state_edges();

}  // namespace twinspan::ike
