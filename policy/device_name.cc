#include "policy/device_name.h"

#include <fmt/format.h>

#include "base/check.h"

namespace twinspan::policy {
namespace {

// 20 bits tell apart the few gateways of one host; 25 bits tell apart 1,000 connections whose names
// begin alike with a chance of a clash of 1 in 70, which `attempt` then settles.
constexpr size_t kGatewayLetters = 4;
constexpr size_t kOwnerLetters = 5;
constexpr size_t kShortNameMax = kDeviceNameMax - 3 - kGatewayLetters;
constexpr size_t kCutNameSize = kDeviceNameMax - 3 - kOwnerLetters;

// FNV-1a: names no secret, needs no strength, and never changes between builds.
uint64_t hash_of(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : text) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3u;
  }
  return hash ^ (hash >> 32);
}

std::string letters(uint64_t hash, size_t count) {
  constexpr std::string_view kAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";  // No l, o, 0, 1.
  static_assert(kAlphabet.size() == 32);
  std::string text;
  for (size_t index = 0; index < count; ++index) {
    text += kAlphabet[hash % kAlphabet.size()];
    hash /= kAlphabet.size();
  }
  return text;
}

}  // namespace

std::string device_name(const DeviceOwner& owner, unsigned attempt) {
  // Object names hold no '/', so the joined text is unambiguous.
  const std::string instance = fmt::format("{}/{}", owner.gateway, owner.instance);
  std::string name;
  if (attempt == 0 && owner.connection.size() <= kShortNameMax) {
    name = fmt::format("ts{}-{}", letters(hash_of(instance), kGatewayLetters), owner.connection);
  } else {
    const uint64_t hash = hash_of(fmt::format("{}/{}/{}", instance, owner.connection, attempt));
    name = fmt::format("ts{}-{}", letters(hash, kOwnerLetters),
                       owner.connection.substr(0, kCutNameSize));
  }
  CHECK(name.size() <= kDeviceNameMax);
  return name;
}

}  // namespace twinspan::policy
