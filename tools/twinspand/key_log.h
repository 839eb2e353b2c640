// Wireshark's two key files, opt-in by --key-log: `ikev2_decryption_table` and `esp_sa`.
//
// Lines that Wireshark before 4.2 refuses (ChaCha20-Poly1305) stand in files of their own, because
// an unknown algorithm name makes it give up on the rest of a table. With ESN, Wireshark 4.0
// decrypts but calls the ICV wrong: its AAD lacks the high word.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/sa_params.h"
#include "ike/core/event.h"

namespace twinspan::tools {

class KeyLog {
 public:
  // Creates `directory` (0700) and its files (0600), or says why not.
  static Result<std::unique_ptr<KeyLog>, std::string> open(const std::string& directory);

  void write(const SaPairParams& params);
  void write(const ike::EventIkeKeys& keys);

 private:
  explicit KeyLog(std::string directory) : directory_(std::move(directory)) {}
  void append(const std::string& file, const std::string& line);

  std::string directory_;
};

// One line of esp_sa, and of ikev2_decryption_table; apart for tests.
std::string esp_sa_line(const IpAddress& source, const IpAddress& destination, Spi spi,
                        const EspTransforms& transforms, const EspKeys& keys);
std::string ikev2_decryption_table_line(const ike::EventIkeKeys& keys);

}  // namespace twinspan::tools
