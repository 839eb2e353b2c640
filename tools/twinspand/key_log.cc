#include "tools/twinspand/key_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "tools/twinspand/run_dir.h"
#include "tun/unique_fd.h"

namespace twinspan::tools {
namespace {

constexpr const char* kEspFile = "esp_sa";
constexpr const char* kEspNewerFile = "esp_sa.wireshark-newer";
constexpr const char* kIkeFile = "ikev2_decryption_table";
constexpr const char* kIkeNewerFile = "ikev2_decryption_table.wireshark-newer";

bool needs_newer_wireshark(EncryptionId id) {
  return id == EncryptionId::ChaCha20Poly1305;
}

const char* esp_cipher_name(EncryptionId id) {
  switch (id) {
    case EncryptionId::AesGcm16:
      return "AES-GCM with 16 octet ICV [RFC4106]";
    case EncryptionId::ChaCha20Poly1305:
      return "ChaCha20 with Poly1305 [RFC7634]";
    case EncryptionId::AesCbc:
      return "AES-CBC [RFC3602]";
  }
  return "NULL";
}

const char* esp_integrity_name(IntegrityId id) {
  switch (id) {
    case IntegrityId::HmacSha1_96:
      return "HMAC-SHA-1-96 [RFC2404]";
    case IntegrityId::HmacSha256_128:
      return "HMAC-SHA-256-128 [RFC4868]";
    case IntegrityId::HmacSha384_192:
      return "HMAC-SHA-384-192 [RFC4868]";
    case IntegrityId::HmacSha512_256:
      return "HMAC-SHA-512-256 [RFC4868]";
    case IntegrityId::None:
      break;
  }
  return "NULL";
}

std::string ike_cipher_name(Encryption encryption) {
  switch (encryption.id) {
    case EncryptionId::AesGcm16:
      return fmt::format("AES-GCM-{} with 16 octet ICV [RFC5282]", encryption.key_bits);
    case EncryptionId::ChaCha20Poly1305:
      return "ChaCha20 with Poly1305 [RFC7634]";
    case EncryptionId::AesCbc:
      return fmt::format("AES-CBC-{} [RFC3602]", encryption.key_bits);
  }
  return "NULL [RFC2410]";
}

const char* ike_integrity_name(IntegrityId id) {
  switch (id) {
    case IntegrityId::HmacSha1_96:
      return "HMAC_SHA1_96 [RFC2404]";
    case IntegrityId::HmacSha256_128:
      return "HMAC_SHA2_256_128 [RFC4868]";
    case IntegrityId::HmacSha384_192:
      return "HMAC_SHA2_384_192 [RFC4868]";
    case IntegrityId::HmacSha512_256:
      return "HMAC_SHA2_512_256 [RFC4868]";
    case IntegrityId::None:
      break;
  }
  return "NONE [RFC4306]";
}

}  // namespace

std::string esp_sa_line(const IpAddress& source, const IpAddress& destination, Spi spi,
                        const EspTransforms& transforms, const EspKeys& keys) {
  const std::string integrity_key =
      keys.integrity.empty() ? "" : "0x" + to_hex(keys.integrity.view());
  return fmt::format(R"("{}","{}","{}","0x{:08x}","{}","0x{}","{}","{}")",
                     source.is_v4() ? "IPv4" : "IPv6", source.to_string(), destination.to_string(),
                     spi.value, esp_cipher_name(transforms.encryption.id),
                     to_hex(keys.encryption.view()), esp_integrity_name(transforms.integrity),
                     integrity_key);
}

std::string ikev2_decryption_table_line(const ike::EventIkeKeys& event) {
  return fmt::format(R"({:016x},{:016x},{},{},"{}",{},{},"{}")", event.initiator_spi.value,
                     event.responder_spi.value, to_hex(event.keys.ei.view()),
                     to_hex(event.keys.er.view()), ike_cipher_name(event.suite.encryption),
                     to_hex(event.keys.ai.view()), to_hex(event.keys.ar.view()),
                     ike_integrity_name(event.suite.integrity));
}

Result<std::unique_ptr<KeyLog>, std::string> KeyLog::open(const std::string& directory) {
  TRY(make_private_dir(directory));
  return std::unique_ptr<KeyLog>(new KeyLog(directory));
}

void KeyLog::write(const SaPairParams& params) {
  const char* const file =
      needs_newer_wireshark(params.transforms.encryption.id) ? kEspNewerFile : kEspFile;
  append(file, esp_sa_line(params.remote.address, params.local.address, params.inbound_spi,
                           params.transforms, params.inbound_keys));
  append(file, esp_sa_line(params.local.address, params.remote.address, params.outbound_spi,
                           params.transforms, params.outbound_keys));
}

void KeyLog::write(const ike::EventIkeKeys& event) {
  append(needs_newer_wireshark(event.suite.encryption.id) ? kIkeNewerFile : kIkeFile,
         ikev2_decryption_table_line(event));
}

// Opened per line, so that a reader may rotate or remove the files at any time.
void KeyLog::append(const std::string& file, const std::string& line) {
  const std::string path = directory_ + "/" + file;
  const tun::UniqueFd out(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!out) return;
  const std::string text = line + "\n";
  [[maybe_unused]] const ssize_t written = ::write(out.get(), text.data(), text.size());
}

}  // namespace twinspan::tools
