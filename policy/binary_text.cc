#include "policy/binary_text.h"

#include <algorithm>

namespace twinspan::policy {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr size_t kBase64Group = 4;  // Letters, which stand for three bytes.

bool is_white_space(char letter) {
  return kWhiteSpace.find(letter) != std::string_view::npos;
}

std::optional<uint32_t> hex_digit(char letter) {
  const char small = letter >= 'A' && letter <= 'F' ? static_cast<char>(letter | 0x20) : letter;
  const size_t value = kHexDigits.find(small);
  if (value == std::string_view::npos) return std::nullopt;
  return static_cast<uint32_t>(value);
}

std::optional<uint32_t> base64_letter(char letter) {
  const size_t value = kBase64Letters.find(letter);
  if (value == std::string_view::npos) return std::nullopt;
  return static_cast<uint32_t>(value);
}

// Collects groups of bits to bytes.
class Bits {
 public:
  explicit Bits(size_t bytes_max) : bytes_(bytes_max) {}

  void add(uint32_t value, unsigned width) {
    pending_ = (pending_ << width) | value;
    count_ += width;
    if (count_ < 8) return;
    count_ -= 8;
    bytes_.data()[size_++] = static_cast<uint8_t>(pending_ >> count_);
    pending_ &= (1u << count_) - 1;
  }

  // nullopt: no byte, or bits that belong to none.
  std::optional<SecretBytes> take() const {
    if (size_ == 0 || pending_ != 0) return std::nullopt;
    return SecretBytes(bytes_.view().first(size_));
  }

 private:
  SecretBytes bytes_;
  size_t size_ = 0;
  uint32_t pending_ = 0;
  unsigned count_ = 0;
};

}  // namespace

std::optional<SecretBytes> read_hex(std::string_view text) {
  Bits bits(text.size());
  size_t digits = 0;
  for (const char letter : text) {
    if (is_white_space(letter)) continue;
    const auto value = hex_digit(letter);
    if (!value) return std::nullopt;
    bits.add(*value, 4);
    ++digits;
  }
  if (digits % 2 != 0) return std::nullopt;
  return bits.take();
}

std::optional<SecretBytes> read_base64(std::string_view text) {
  Bits bits(text.size());
  size_t letters = 0, padding = 0;
  for (const char letter : text) {
    if (is_white_space(letter)) continue;
    if (letter == '=') {
      ++padding;
      continue;
    }
    const auto value = base64_letter(letter);
    if (!value || padding != 0) return std::nullopt;
    bits.add(*value, 6);
    ++letters;
  }
  if (letters % kBase64Group == 1) return std::nullopt;
  const size_t padding_due = (kBase64Group - letters % kBase64Group) % kBase64Group;
  if (padding != 0 && padding != padding_due) return std::nullopt;
  return bits.take();
}

std::string base64_of(ByteView bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(bytes.size() - i, 3);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = (group << 8) | (k < count ? bytes[i + k] : 0u);
    for (size_t k = 0; k < kBase64Group; ++k)
      text += k <= count ? kBase64Letters[(group >> (18 - 6 * k)) & 0x3f] : '=';
  }
  return text;
}

}  // namespace twinspan::policy
