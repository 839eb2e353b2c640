#include "policy/azure_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "policy/schema.h"
#include "policy/yaml_tree.h"

namespace twinspan::policy {
namespace {

constexpr std::string_view kDeploymentType = "Microsoft.Resources/deployments";
constexpr size_t kNestedResourcesMax = 8;  // Levels of lists, and of resources in resources.

struct TypeName {
  AzureType type;
  std::string_view segment;  // The last one of the resource's type.
  std::string_view telling;  // Two fields that only this type has, for output without types.
  std::string_view telling_too;
};

constexpr TypeName kTypes[] = {
    {AzureType::VirtualNetwork, "virtualNetworks", "addressSpace", "subnets"},
    {AzureType::Subnet, "subnets", "", ""},
    {AzureType::Peering, "virtualNetworkPeerings", "remoteVirtualNetwork", "peeringState"},
    {AzureType::Gateway, "virtualNetworkGateways", "gatewayType", "ipConfigurations"},
    {AzureType::LocalNetworkGateway, "localNetworkGateways", "localNetworkAddressSpace", ""},
    {AzureType::Connection, "connections", "connectionType", "virtualNetworkGateway1"},
    {AzureType::PublicAddress, "publicIPAddresses", "publicIPAllocationMethod", ""},
};

constexpr std::string_view kEnvelope[] = {
    "apiVersion",
    "comments",
    "dependsOn",
    "etag",
    "extendedLocation",
    "id",
    "kind",
    "location",
    "name",
    "properties",
    "provisioningState",
    "resourceGroup",
    "resourceGuid",
    "resources",
    "tags",
    "type",
    "zones",
};

const JsonNode& body_of(const JsonNode& node) {
  const JsonNode* const properties = node.find("properties");
  return properties != nullptr && properties->kind == JsonKind::Object ? *properties : node;
}

AzureType type_named(std::string_view type) {
  const std::string_view segment = last_segment(type);
  const auto found = std::ranges::find_if(
      kTypes, [&](const TypeName& row) { return equal_without_case(row.segment, segment); });
  if (found == std::end(kTypes)) return AzureType::Other;
  // A type inside another resource has no provider; other providers have connections too.
  const std::string_view provider = type.substr(0, type.find('/'));
  const bool is_inner = provider.find('.') == std::string_view::npos;
  if (is_inner || equal_without_case(provider, "Microsoft.Network")) return found->type;
  if (!equal_without_case(provider, "Microsoft.ClassicNetwork")) return AzureType::Other;
  return found->type == AzureType::VirtualNetwork ? AzureType::ClassicNetwork : AzureType::Other;
}

AzureType guessed_type(const JsonNode& node) {
  const JsonNode& body = body_of(node);
  const auto found = std::ranges::find_if(kTypes, [&](const TypeName& row) {
    return !row.telling.empty() && body.find(row.telling) != nullptr &&
           (row.telling_too.empty() || body.find(row.telling_too) != nullptr);
  });
  return found == std::end(kTypes) ? AzureType::Other : found->type;
}

std::string_view type_word(AzureType type) {
  const auto found = std::ranges::find(kTypes, type, &TypeName::type);
  if (found != std::end(kTypes)) return found->segment;
  return type == AzureType::ClassicNetwork ? "virtualNetworks" : "resources";
}

bool is_among(std::string_view key, std::span<const std::string_view> keys) {
  return std::ranges::any_of(
      keys, [&](std::string_view known) { return equal_without_case(key, known); });
}

}  // namespace

std::vector<AzureResource> AzureReader::resources(const JsonNode& root) {
  std::vector<AzureResource> all;
  collect(root, "", 0, all);
  return all;
}

// A template, a list in any of its wrappings, or one resource.
void AzureReader::collect(const JsonNode& node, const std::string& parent, size_t depth,
                          std::vector<AzureResource>& all) {
  if (depth > kNestedResourcesMax) return wrong(node, "", "a resource, not more lists in lists");
  if (node.kind == JsonKind::List) {
    for (const JsonNode& item : node.items) collect(item, parent, depth + 1, all);
    return;
  }
  if (node.kind == JsonKind::Null) return;  // What az prints of nothing.
  if (node.kind != JsonKind::Object) {
    // No byte of it: `az network vpn-connection shared-key show` prints keys.
    return errors_.add(node.mark, "", "expected a template, a resource, or a list of resources",
                       "");
  }
  const bool has_type = node.find("type") != nullptr;
  for (const char* const wrapping : {"resources", "value"}) {
    const JsonNode* const list = node.find(wrapping);
    if (has_type || list == nullptr) continue;
    if (list->kind == JsonKind::List) return collect(*list, parent, depth + 1, all);
    // With symbolic names, each is a key.
    for (const JsonMember& member : list->members) collect(member.value, parent, depth + 1, all);
    if (list->kind == JsonKind::Object) return;
  }
  collect_resource(node, parent, depth, all);
}

void AzureReader::collect_resource(const JsonNode& node, const std::string& parent, size_t depth,
                                   std::vector<AzureResource>& all) {
  const JsonNode* const existing = node.find("existing");
  if (existing != nullptr && existing->is_true()) return;  // A name for what is elsewhere.
  const JsonNode* const id_node = field(node, "", "id");
  const std::string id = id_node == nullptr ? "" : text_of(*id_node, "id").value_or("");
  const JsonNode* const type_node = field(node, "", "type");
  const std::string type = type_node == nullptr ? "" : text_of(*type_node, "type").value_or("");
  AzureResource resource{.node = &node, .body = &body_of(node)};
  resource.type = type.empty() ? guessed_type(node) : type_named(type);
  if (is_not_deployed(node, resource)) return;
  const JsonNode* const written = node.find("name");
  const JsonNode* const name_node = written == nullptr ? nullptr : template_.resolve(*written);
  if (written != nullptr && name_node == nullptr) return note_nameless(node, resource.type);
  const std::string name = name_node == nullptr || name_node->kind == JsonKind::Null
                               ? std::string(last_segment(id))
                               : text_of(*name_node, "name").value_or("");
  resource.name = last_segment(name);
  resource.parent = segment_after(id, "virtualNetworks");
  if (name.find('/') != std::string::npos) resource.parent = name.substr(0, name.find('/'));
  if (!parent.empty()) resource.parent = parent;
  resource.path = resource.name.empty()
                      ? std::string(type_word(resource.type))
                      : fmt::format("{}.{}", type_word(resource.type), resource.name);
  // A file that is nothing known at all is told as such.
  const bool is_unknown_file = depth == 0 && resource.type == AzureType::Other;
  if (resource.name.empty() && is_unknown_file) return;
  if (resource.name.empty() && is_lone_key(node)) return;
  if (resource.name.empty()) return wrong(node, resource.path, "a resource with a name");
  if (equal_without_case(type, kDeploymentType)) return collect_deployment(resource, depth, all);
  all.push_back(resource);
  if (const JsonNode* const more = node.find("resources"); more != nullptr)
    collect(*more, resource.name, depth + 1, all);
}

// `condition` says so. What is not known here is noted with the other fields.
bool AzureReader::is_not_deployed(const JsonNode& node, const AzureResource& resource) {
  const JsonNode* const written = node.find("condition");
  const JsonNode* const value = written == nullptr ? nullptr : template_.resolve(*written);
  if (value == nullptr || value->kind != JsonKind::Flag || value->is_true()) return false;
  notes_.chosen({written->mark, std::string(type_word(resource.type)),
                 "its condition is false, so it is not deployed", ""});
  return true;
}

// As of every resource in a loop, which stands for several.
void AzureReader::note_nameless(const JsonNode& node, AzureType type) {
  ImportNotes::Note note{node.mark, std::string(type_word(type)),
                         node.find("copy") == nullptr
                             ? "its name is computed when the template is deployed"
                             : "a loop makes it when the template is deployed",
                         "import what az prints of the deployed resources"};
  if (type == AzureType::Other) return notes_.not_carried(std::move(note));
  has_nameless_ = true;
  notes_.left_out(std::move(note));
}

// { "value": "..." }, as `az network vpn-connection shared-key show` prints it.
bool AzureReader::is_lone_key(const JsonNode& node) {
  const JsonNode* const value = node.find("value");
  if (value == nullptr || value->kind != JsonKind::Text) return false;
  notes_.not_carried({node.mark, "value", "it is not said what this is of",
                      "write a shared key as sharedKey into its connection"});
  return true;
}

// A template in a template. Its expressions mean those of the outer one, unless it says otherwise.
void AzureReader::collect_deployment(const AzureResource& deployment, size_t depth,
                                     std::vector<AzureResource>& all) {
  const JsonNode* const inner = deployment.body->find("template");
  const JsonNode* const options = deployment.body->find("expressionEvaluationOptions");
  const JsonNode* const scope = options == nullptr ? nullptr : options->find("scope");
  const bool is_of_its_own = scope != nullptr && equal_without_case(scope->text, "inner");
  if (inner != nullptr && inner->kind == JsonKind::Object && !is_of_its_own)
    return collect(*inner, "", depth + 1, all);
  notes_.left_out({deployment.mark(), "deployments." + deployment.name,
                   is_of_its_own ? "its expressions are of a template of its own"
                                 : "its template is not in the file",
                   "import what az prints of the deployed resources"});
}

AzureResource AzureReader::part(const JsonNode& node, AzureType type, const AzureResource& owner) {
  AzureResource part{.type = type, .node = &node, .body = &body_of(node), .parent = owner.name};
  const JsonNode* const name = field(node, owner.path, "name");
  if (name != nullptr) part.name = last_segment(text_of(*name, owner.path + ".name").value_or(""));
  // A computed name has been noted.
  const JsonNode* const written = node.find("name");
  if (name == nullptr && written != nullptr && AzureTemplate::is_expression(*written))
    part.name = fmt::format("line-{}", written->mark.line);
  part.path = fmt::format("{}.{}.{}", owner.path, type_word(type), part.name);
  if (node.kind != JsonKind::Object || part.name.empty())
    wrong(node, part.path, "an object with a name");
  return part;
}

const JsonNode* AzureReader::field(const JsonNode& node, const std::string& path,
                                   std::string_view key) {
  const JsonNode* const written = node.find(key);
  if (written == nullptr || written->kind == JsonKind::Null) return nullptr;
  const JsonNode* const value = template_.resolve(*written);
  if (value != nullptr) return value->kind == JsonKind::Null ? nullptr : value;
  note_computed(*written, path.empty() ? std::string(key) : fmt::format("{}.{}", path, key));
  return nullptr;
}

const JsonNode* AzureReader::field(const AzureResource& resource, std::string_view key) {
  const JsonNode& holder = resource.body->find(key) != nullptr ? *resource.body : *resource.node;
  return field(holder, resource.path, key);
}

// As it is written.
const JsonNode* AzureReader::find(const AzureResource& resource, std::string_view key) {
  const JsonNode* const inside = resource.body->find(key);
  return inside != nullptr ? inside : resource.node->find(key);
}

void AzureReader::note_computed(const JsonNode& written, std::string path) {
  notes_.incomplete(
      {written.mark, std::move(path),
       fmt::format("{} is computed when the template is deployed", in_quotes(written.text)),
       "write the value in, or import what az prints of the deployed resources"});
}

bool AzureReader::is_computed(const AzureResource& resource, std::string_view key) {
  const JsonNode* const written = find(resource, key);
  if (written == nullptr) return false;
  const JsonNode* const value = template_.resolve(*written);
  if (value == nullptr) return true;
  return std::ranges::any_of(
      value->items, [&](const JsonNode& item) { return template_.resolve(item) == nullptr; });
}

std::optional<std::string> AzureReader::text_of(const JsonNode& node, const std::string& path) {
  if (node.kind == JsonKind::Text) {
    const bool has_control = std::ranges::any_of(node.text, [](char byte) {
      return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F;
    });
    if (!has_control && node.text.size() <= kYamlScalarMax) return node.text;
  }
  wrong(node, path, fmt::format("a text of one line and at most {} bytes", kYamlScalarMax));
  return std::nullopt;
}

MarkedText AzureReader::text(const AzureResource& resource, std::string_view key) {
  const JsonNode* const node = field(resource, key);
  if (node == nullptr) return {.mark = resource.mark()};
  auto value = text_of(*node, fmt::format("{}.{}", resource.path, key));
  if (!value || value->empty()) return {.mark = node->mark};
  return marked(*std::move(value), node->mark);
}

MarkedText AzureReader::secret(const AzureResource& resource, std::string_view key) {
  const JsonNode* const written = find(resource, key);
  if (written == nullptr) return {.mark = resource.mark()};
  const JsonNode* const value = template_.resolve(*written);
  if (value == nullptr || value->is_blank()) return {.mark = written->mark};
  if (value->kind == JsonKind::Text) return marked(value->text, written->mark);
  errors_.add(written->mark, fmt::format("{}.{}", resource.path, key), "expected a text", "");
  return {.mark = written->mark};
}

Marked<bool> AzureReader::flag(const AzureResource& resource, std::string_view key) {
  const JsonNode* const node = field(resource, key);
  if (node == nullptr) return {.mark = resource.mark()};
  if (node->kind == JsonKind::Flag) return marked(node->is_true(), node->mark);
  wrong(*node, fmt::format("{}.{}", resource.path, key), "true or false");
  return {.mark = node->mark};
}

Marked<uint64_t> AzureReader::number(const AzureResource& resource, std::string_view key,
                                     uint64_t max) {
  const JsonNode* const node = field(resource, key);
  if (node == nullptr) return {.mark = resource.mark()};
  uint64_t number = 0;
  const char* const end = node->text.data() + node->text.size();
  const auto [stop, fault] = std::from_chars(node->text.data(), end, number);
  if (node->kind == JsonKind::Number && fault == std::errc() && stop == end && number <= max)
    return marked(number, node->mark);
  wrong(*node, fmt::format("{}.{}", resource.path, key),
        fmt::format("a whole number from 0 to {}", max));
  return {.mark = node->mark};
}

Marked<IpAddress> AzureReader::address(const AzureResource& resource, std::string_view key) {
  const MarkedText written = text(resource, key);
  if (!written.is_set) return {.mark = written.mark};
  if (const auto address = IpAddress::parse(*written)) return marked(*address, written.mark);
  wrong({.kind = JsonKind::Text, .mark = written.mark, .text = *written},
        fmt::format("{}.{}", resource.path, key), "an address like 192.0.2.1");
  return {.mark = written.mark};
}

std::vector<const JsonNode*> AzureReader::items(const AzureResource& resource,
                                                std::string_view key) {
  const JsonNode* const list = field(resource, key);
  std::vector<const JsonNode*> all;
  if (list == nullptr) return all;
  if (list->kind != JsonKind::List)
    wrong(*list, fmt::format("{}.{}", resource.path, key), "a list");
  for (const JsonNode& item : list->items) {
    if (const JsonNode* const value = template_.resolve(item)) {
      all.push_back(value);
    } else {
      note_computed(item, fmt::format("{}.{}", resource.path, key));
    }
  }
  return all;
}

std::optional<IpPrefix> AzureReader::prefix(const JsonNode& node, const std::string& path) {
  const JsonNode* const value = template_.resolve(node);
  if (value == nullptr) {
    note_computed(node, path);
    return std::nullopt;
  }
  if (value->kind == JsonKind::Text) {
    if (const auto prefix = IpPrefix::parse(value->text)) return prefix;
  }
  wrong(node, path, "a prefix like 10.1.0.0/16");
  return std::nullopt;
}

std::vector<const JsonNode*> AzureReader::list_of_prefixes(const JsonNode& list,
                                                           const std::string& path) {
  std::vector<const JsonNode*> all;
  if (list.kind != JsonKind::List || list.items.size() > kListItemsMax) {
    wrong(list, path, fmt::format("a list of at most {} prefixes", kListItemsMax));
    return all;
  }
  for (const JsonNode& item : list.items) all.push_back(&item);
  return all;
}

// {"addressPrefixes": [...]} in the field `object`.
MarkedList<IpPrefix> AzureReader::prefixes(const AzureResource& resource, std::string_view object) {
  const JsonNode* const holder = field(resource, object);
  if (holder == nullptr) return {.mark = resource.mark()};
  const std::string path = fmt::format("{}.{}.addressPrefixes", resource.path, object);
  const JsonNode* const list = field(*holder, path, "addressPrefixes");
  if (list == nullptr) return {.mark = holder->mark};
  MarkedList<IpPrefix> all{.mark = list->mark, .is_set = true};
  for (const JsonNode* const item : list_of_prefixes(*list, path)) {
    if (const auto one = prefix(*item, path)) all.value.push_back(marked(*one, item->mark));
  }
  return all;
}

std::string AzureReader::id_of(const JsonNode& node, const std::string& path) {
  if (node.kind == JsonKind::Text) return node.text;
  const JsonNode* const id = field(node, path, "id");
  return id == nullptr ? "" : text_of(*id, path + ".id").value_or("");
}

std::string AzureReader::reference(const AzureResource& resource, std::string_view key) {
  const JsonNode* const node = field(resource, key);
  if (node == nullptr) return "";
  return std::string(last_segment(id_of(*node, fmt::format("{}.{}", resource.path, key))));
}

void AzureReader::note_rest(const AzureResource& resource,
                            std::span<const std::string_view> known) {
  note_rest(*resource.body, resource, known);
  if (resource.node != resource.body) note_rest(*resource.node, resource, known);
}

void AzureReader::note_rest(const JsonNode& part, const AzureResource& resource,
                            std::span<const std::string_view> known) {
  for (const JsonMember& member : part.members) {
    if (member.value.is_blank() || is_among(member.key, known) || is_among(member.key, kEnvelope))
      continue;
    ImportNotes::Note note{member.key_mark, fmt::format("{}.{}", resource.path, member.key),
                           "is not part of the model", ""};
    if (!equal_without_case(member.key, "copy")) {
      notes_.not_carried(std::move(note));
      continue;
    }
    note.message = "a loop makes what it says when the template is deployed";
    note.remedy = "write that in, or import what az prints of the deployed resources";
    notes_.incomplete(std::move(note));
  }
}

void AzureReader::wrong(const JsonNode& node, const std::string& path,
                        const std::string& expected) {
  static constexpr std::string_view kWords[] = {"nothing", "", "", "", "a list", "an object"};
  const std::string_view word = kWords[static_cast<size_t>(node.kind)];
  errors_.add(node.mark, path,
              fmt::format("expected {}, not {}", expected,
                          word.empty() ? in_quotes(node.text) : std::string(word)),
              "");
}

}  // namespace twinspan::policy
