// The format of an estate file as one table: every key with its type, default and a line of
// explanation.
//
// The parser takes the known keys, defaults, limits and "did you mean" from it; a JSON Schema for
// editors and the reference documentation can be generated from it. A key that is not here does not
// exist.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace twinspan::policy {

inline constexpr size_t kNameMax = 80;         // Azure's limit; names become parts of file names.
inline constexpr size_t kListItemsMax = 4096;  // More than any cloud takes.

enum class FieldType : uint8_t {
  Text,          // Any text of one line.
  ObjectName,    // Refers to another object of the estate.
  Word,          // One of `choices`.
  Flag,          // true or false.
  Number,        // Decimal, from `min` to `max`.
  Address,       // IPv4 or IPv6.
  Prefix,        // CIDR.
  AddressRange,  // CIDR or FIRST-LAST.
  Object,        // A mapping with the keys of `object`.
  NameOrObject,  // A name, or a mapping with the keys of `object`.
};

enum class FieldShape : uint8_t {
  One,
  List,
  ByName,  // A mapping from names the author chooses to values of the type.
};

struct ObjectSchema;

struct FieldSchema {
  std::string_view name;
  FieldType type = FieldType::Text;
  FieldShape shape = FieldShape::One;
  bool is_required = false;
  std::string_view default_text = {};              // As the file would write it; empty: none.
  std::span<const std::string_view> choices = {};  // In the order of the C++ enumerators.
  uint64_t min = 0;
  uint64_t max = UINT64_MAX;
  const ObjectSchema* object = nullptr;
  std::string_view doc = {};
};

struct ObjectSchema {
  std::string_view name;  // What one such object is called: "connection".
  std::string_view doc;
  std::span<const FieldSchema> fields;

  const FieldSchema* find(std::string_view field) const;  // nullptr when unknown.
  std::vector<std::string_view> field_names() const;
};

extern const ObjectSchema kEstateSchema;
extern const ObjectSchema kVirtualNetworkSchema;
extern const ObjectSchema kGatewaySchema;
extern const ObjectSchema kIpConfigurationSchema;
extern const ObjectSchema kGatewayBgpSchema;
extern const ObjectSchema kLocalNetworkGatewaySchema;
extern const ObjectSchema kLocalBgpSchema;
extern const ObjectSchema kConnectionSchema;
extern const ObjectSchema kSharedKeySchema;
extern const ObjectSchema kCertificateSchema;
extern const ObjectSchema kRawKeySchema;
extern const ObjectSchema kPpkSchema;
extern const ObjectSchema kAdditionalKeyExchangesSchema;
extern const ObjectSchema kTrafficSelectorPolicySchema;
extern const ObjectSchema kPeeringSchema;
extern const ObjectSchema kIpsecPolicySchema;

}  // namespace twinspan::policy
