#include "policy/import_azure.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/azure_objects.h"

namespace twinspan::policy {
namespace {

using Add = void (*)(const AzureResource&, AzureImport&);

void add_public_address(const AzureResource& resource, AzureImport& import) {
  const Marked<IpAddress> address = import.reader.address(resource, "ipAddress");
  if (address.is_set) import.public_addresses[in_small_letters(resource.name)] = address;
}

struct Step {
  AzureType type;
  Add add;
};

// What is referred to comes before what refers.
constexpr Step kSteps[] = {
    {AzureType::PublicAddress, add_public_address},
    {AzureType::VirtualNetwork, add_network},
    {AzureType::ClassicNetwork, add_network},
    {AzureType::Subnet, add_subnet},
    {AzureType::LocalNetworkGateway, add_local_network_gateway},
    {AzureType::Gateway, add_gateway},
    {AzureType::Connection, add_connection},
    {AzureType::Peering, add_peering},
};

void add_all(std::vector<AzureResource> resources, AzureImport& import) {
  // Peerings that stand inside their networks.
  std::vector<AzureResource> inner;
  for (const AzureResource& resource : resources) {
    if (resource.type != AzureType::VirtualNetwork) continue;
    for (const JsonNode* const node : import.reader.items(resource, "virtualNetworkPeerings"))
      inner.push_back(import.reader.part(*node, AzureType::Peering, resource));
  }
  std::ranges::move(inner, std::back_inserter(resources));
  for (const Step& step : kSteps) {
    for (const AzureResource& resource : resources) {
      if (resource.type == step.type) step.add(resource, import);
    }
  }
  for (const AzureResource& resource : resources) {
    if (resource.type != AzureType::Other) continue;
    import.notes.not_carried(
        {resource.mark(), resource.path, "a resource of this type is not part of the model", ""});
  }
}

// Nothing of it says where the network is on a host.
void note_interfaces(AzureImport& import) {
  for (const auto& [name, network] : import.result.model.virtual_networks) {
    import.notes.chosen({network.mark, fmt::format("virtualNetworks.{}", name),
                         "the cloud does not know where the network is attached",
                         "write interfaces: [...] on the gateway's host"});
  }
}

}  // namespace

Result<Import, ConfigErrors> import_azure(std::string_view text, std::string file_name,
                                          ImportFor purpose) {
  Import result;
  result.model.files = {file_name};
  auto root = read_json(text, file_name);
  if (!root) return Err(ConfigErrors{std::move(root).error()});
  ErrorLog errors(file_name);
  ImportNotes notes(result.model.files);
  AzureReader reader(*root, errors, notes);
  AzureImport import{.reader = reader, .notes = notes, .result = result, .purpose = purpose};
  std::vector<AzureResource> resources = reader.resources(*root);
  const bool has_any = std::ranges::any_of(
      resources, [](const AzureResource& resource) { return resource.type != AzureType::Other; });
  if (!has_any && !reader.has_nameless()) {
    errors.add(root->mark, "", "there is no virtual network, gateway or connection in it",
               "import a template, or what `az network vnet list -o json` and its like print");
  }
  add_all(std::move(resources), import);
  ConfigErrors found = errors.take();
  if (!found.empty()) return Err(std::move(found));
  note_interfaces(import);
  result.notes = notes.take();
  return result;
}

}  // namespace twinspan::policy
