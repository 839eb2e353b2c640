// Azure's resources to the objects of a model, type by type. For policy/import_azure.cc alone.
#pragma once

#include "policy/azure_reader.h"

namespace twinspan::policy {

// What the objects of one file are made with and into.
struct AzureImport {
  AzureReader& reader;
  ImportNotes& notes;
  Import& result;
  ImportFor purpose = ImportFor::Estate;
  ImportNames network_names, gateway_names, local_gateway_names, connection_names, peering_names;
  std::map<std::string, ImportNames> subnet_names;  // By our network's name.
  // Azure's name, in small letters, to ours.
  std::map<std::string, std::string> networks, gateways, local_gateways, connections;
  // "network/part", in small letters: templates have parts inside and beside their networks.
  std::set<std::string> parts;
  std::map<std::string, Marked<IpAddress>> public_addresses;  // By name in small letters.

  // Our name of what Azure calls `name`; nullptr: it is not in the file.
  static const std::string* find(const std::map<std::string, std::string>& names,
                                 std::string_view name);
};

std::string in_small_letters(std::string_view name);

// Our name of a resource into `known`. False: there has been one of its name, which is noted.
bool take_new_name(const AzureResource& resource, AzureImport& import,
                   std::map<std::string, std::string>& known, ImportNames& names);

void add_network(const AzureResource& resource, AzureImport& import);
void add_subnet(const AzureResource& resource, AzureImport& import);
void add_gateway(const AzureResource& resource, AzureImport& import);
void add_local_network_gateway(const AzureResource& resource, AzureImport& import);
void add_connection(const AzureResource& resource, AzureImport& import);
void add_peering(const AzureResource& resource, AzureImport& import);

}  // namespace twinspan::policy
