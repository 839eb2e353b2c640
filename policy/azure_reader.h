// Azure's resources out of a template or the output of `az`, and their fields by type. What
// policy/import_azure.cc makes of them is not known here.
#pragma once

#include <span>

#include "policy/azure_template.h"
#include "policy/import.h"
#include "policy/object_reader.h"

namespace twinspan::policy {

enum class AzureType : uint8_t {
  VirtualNetwork,
  ClassicNetwork,
  Subnet,
  Peering,
  Gateway,
  LocalNetworkGateway,
  Connection,
  PublicAddress,
  Other,
};

struct AzureResource {
  AzureType type = AzureType::Other;
  const JsonNode* node = nullptr;
  const JsonNode* body = nullptr;  // Its "properties", or the node itself where az has lifted them.
  std::string name;
  std::string parent;  // Of a subnet or a peering: the virtual network.
  std::string path;    // "connections.a-to-b"

  SourceMark mark() const { return node->mark; }
};

class AzureReader {
 public:
  AzureReader(const JsonNode& root, ErrorLog& errors, ImportNotes& notes)
      : template_(root), errors_(errors), notes_(notes) {}

  // In the file's order; parts that stand inside others come behind those.
  std::vector<AzureResource> resources(const JsonNode& root);
  // Some of a kind that a model has are not among them, since the cloud computes their names.
  bool has_nameless() const { return has_nameless_; }
  AzureResource part(const JsonNode& node, AzureType type, const AzureResource& owner);

  // Fields. Absent, null, or computed by the cloud (which is noted): nullptr, or is_set is false.
  // Of the wrong kind: an error.
  const JsonNode* field(const AzureResource& resource, std::string_view key);
  const JsonNode* field(const JsonNode& node, const std::string& path, std::string_view key);
  MarkedText text(const AzureResource& resource, std::string_view key);
  // As text(), but no message has a byte of it, and what the cloud computes is just absent.
  MarkedText secret(const AzureResource& resource, std::string_view key);
  Marked<bool> flag(const AzureResource& resource, std::string_view key);
  Marked<uint64_t> number(const AzureResource& resource, std::string_view key, uint64_t max);
  Marked<IpAddress> address(const AzureResource& resource, std::string_view key);
  // Items of a list that stands in a field; none when the field is absent. One that is computed is
  // noted and not among them.
  std::vector<const JsonNode*> items(const AzureResource& resource, std::string_view key);
  // The field, or an item of the list in it, is computed by the cloud.
  bool is_computed(const AzureResource& resource, std::string_view key);
  MarkedList<IpPrefix> prefixes(const AzureResource& resource, std::string_view object);
  // nullopt: it is computed, which is noted, or none, which is an error.
  std::optional<IpPrefix> prefix(const JsonNode& node, const std::string& path);
  // At most kListItemsMax prefixes, as an estate takes them.
  std::vector<const JsonNode*> list_of_prefixes(const JsonNode& list, const std::string& path);
  // The name at the end of the ID in {"id": "..."}; empty when there is none.
  std::string reference(const AzureResource& resource, std::string_view key);
  std::string id_of(const JsonNode& node, const std::string& path);

  std::optional<std::string> text_of(const JsonNode& node, const std::string& path);

  // Notes every field of the resource that says something and is not among these.
  void note_rest(const AzureResource& resource, std::span<const std::string_view> known);
  void wrong(const JsonNode& node, const std::string& path, const std::string& expected);

 private:
  static const JsonNode* find(const AzureResource& resource, std::string_view key);
  void note_computed(const JsonNode& written, std::string path);
  void note_rest(const JsonNode& part, const AzureResource& resource,
                 std::span<const std::string_view> known);
  void collect(const JsonNode& node, const std::string& parent, size_t depth,
               std::vector<AzureResource>& all);
  void collect_resource(const JsonNode& node, const std::string& parent, size_t depth,
                        std::vector<AzureResource>& all);
  void collect_deployment(const AzureResource& deployment, size_t depth,
                          std::vector<AzureResource>& all);
  // True: it has been noted why it is none.
  bool is_not_deployed(const JsonNode& node, const AzureResource& resource);
  bool is_lone_key(const JsonNode& node);
  void note_nameless(const JsonNode& node, AzureType type);

  bool has_nameless_ = false;
  AzureTemplate template_;
  ErrorLog& errors_;
  ImportNotes& notes_;
};

}  // namespace twinspan::policy
