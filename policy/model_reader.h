// The tree of an estate file to the model: which key fills which field.
#pragma once

#include "policy/model.h"
#include "policy/object_reader.h"

namespace twinspan::policy {

// Adds to `model`; faults go to `log`, and a model with faults must not be used.
void read_model(const YamlNode& root, ErrorLog& log, Model& model);

// Objects of which a file says nothing: each field has its default and this mark. What is made
// otherwise than from an estate file begins with them.
VirtualNetwork blank_virtual_network(SourceMark mark);
VirtualNetworkGateway blank_gateway(SourceMark mark);
LocalNetworkGateway blank_local_network_gateway(SourceMark mark);
Connection blank_connection(SourceMark mark);
Peering blank_peering(SourceMark mark);

}  // namespace twinspan::policy
