// RFC 9611: which of the Child SAs for the same traffic an IKE SA has, and which are still to come.
// Pure.
//
// Each end numbers them in the order in which they are made, from 0 on, and takes the lowest number
// that is free. The numbers are its own affair: a race may give the ends different ones, and
// nothing on the wire depends on them.
#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

// Whether we say SA_RESOURCE_INFO at all.
bool wants_resources(const PeerConfig& peer);
// Children for the same traffic that a responder accepts, 1 to kResourcesMax: a peer with more
// processors than we have may use them.
size_t resources_accepted(const PeerConfig& peer, uint32_t spi_modulus);

using ResourceSet = std::bitset<kResourcesMax>;
ResourceSet resources_in_use(const IkeSa& sa, std::string_view config);

// How many children of `config` the peer may count, each once with all that was rekeyed into it: a
// duplicate of ours may be an additional one to the peer, until it is gone.
size_t places_taken(const IkeSa& sa, std::string_view config);

// The newest child of `config`, which an additional one has to equal; nullptr: there is none.
const ChildSa* newest_child(const IkeSa& sa, std::string_view config);

// Of a child that the peer asks for; nullopt: there are `most` of them.
std::optional<uint16_t> free_resource(const IkeSa& sa, std::string_view config, size_t most);

// What is to be created of `config`: its first child, or the next additional one, which the side
// that began with the IKE SA creates. nullopt: nothing.
std::optional<ChildSlot> missing_slot(const IkeSa& sa, const ChildConfig& config);

}  // namespace twinspan::ike
