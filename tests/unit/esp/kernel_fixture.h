// Ciphers and messages for the tests of the kernels.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "esp/kernels/cipher.h"
#include "esp/kernels/select.h"

namespace twinspan::esp::kernels {

inline Bytes patterned(size_t size, uint8_t seed) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * i * 3 + i * 101 + seed);
  return bytes;
}

// `key_and_salt` ends with the 4 bytes of salt.
inline std::unique_ptr<Cipher> make_cipher(const Kernel& kernel, const Bytes& key_and_salt,
                                           Direction direction) {
  const size_t key_size = key_and_salt.size() - 4;
  return Cipher::make(kernel,
                      {.key = key_and_salt.data(),
                       .key_size = static_cast<uint32_t>(key_size),
                       .salt = key_and_salt.data() + key_size},
                      direction);
}

// A packet with its buffers; input and output begin `alignment` bytes behind an aligned address,
// and a guard behind the output shows writes past its end.
class Message {
 public:
  Message(size_t length, size_t alignment, size_t aad_length)
      : input_(length + 64),
        output_(length + 128),
        aad_(patterned(aad_length, 77)),
        alignment_(alignment) {
    const Bytes text = patterned(length, 33);
    std::copy(text.begin(), text.end(), input_.begin() + static_cast<ptrdiff_t>(alignment));
    std::fill(output_.begin(), output_.end(), kGuard);
    packet = {.input = input_.data() + alignment,
              .output = output_.data() + alignment,
              .input_length = static_cast<uint32_t>(length),
              .trailer_length = 0,
              .iv = iv_.data(),
              .aad = aad_.data(),
              .aad_length = static_cast<uint32_t>(aad_length),
              .icv = icv_.data(),
              .authentic = false};
  }
  Message(const Message&) = delete;

  Bytes plaintext() const { return patterned(length(), 33); }
  Bytes output() const {
    for (size_t i = 0; i < output_.size(); ++i) {
      const bool is_guard = i < alignment_ || i >= alignment_ + length();
      EXPECT_TRUE(!is_guard || output_[i] == kGuard) << i;
    }
    return Bytes(output_.data() + alignment_, output_.data() + alignment_ + length());
  }
  Bytes tag() const { return icv_; }
  // The sealed message, to be opened in place.
  Packet reopened() const {
    Packet opening = packet;
    opening.input = opening.output;
    return opening;
  }

  Packet packet;

 private:
  static constexpr uint8_t kGuard = 0xa5;
  size_t length() const { return input_.size() - 64; }

  Bytes input_;
  Bytes output_;
  Bytes iv_ = patterned(8, 55);
  Bytes aad_;
  Bytes icv_ = Bytes(16);
  size_t alignment_;
};

struct AeadCase {
  Bytes key, nonce, aad, plaintext, ciphertext, tag;

  Bytes key_and_salt() const {
    Bytes joined = key;
    joined.insert(joined.end(), nonce.begin(), nonce.begin() + 4);
    return joined;
  }
};

inline Packet packet_of(AeadCase& test, const Bytes& input, Bytes& output, Bytes& tag) {
  return {.input = input.data(),
          .output = output.data(),
          .input_length = static_cast<uint32_t>(input.size()),
          .trailer_length = 0,
          .iv = test.nonce.data() + 4,
          .aad = test.aad.data(),
          .aad_length = static_cast<uint32_t>(test.aad.size()),
          .icv = tag.data(),
          .authentic = false};
}

inline void expect_seals(const Kernel& kernel, AeadCase test, const std::string& name) {
  const auto cipher = make_cipher(kernel, test.key_and_salt(), Direction::Seal);
  ASSERT_NE(cipher, nullptr) << name;
  Bytes output(test.plaintext.size()), tag(16);
  Packet packet = packet_of(test, test.plaintext, output, tag);
  cipher->seal(&packet, 1);
  EXPECT_EQ(output, test.ciphertext) << name;
  EXPECT_EQ(tag, test.tag) << name;
}

inline bool opens(const Kernel& kernel, AeadCase test, Bytes& output) {
  const auto cipher = make_cipher(kernel, test.key_and_salt(), Direction::Open);
  output.assign(test.ciphertext.size(), 0xcc);
  Packet packet = packet_of(test, test.ciphertext, output, test.tag);
  cipher->open(&packet, 1);
  return packet.authentic;
}

inline void expect_opens(const Kernel& kernel, const AeadCase& test, const std::string& name) {
  Bytes output;
  EXPECT_TRUE(opens(kernel, test, output)) << name;
  EXPECT_EQ(output, test.plaintext) << name;
}

inline void expect_refuses(const Kernel& kernel, const AeadCase& test, const std::string& name) {
  Bytes output;
  EXPECT_FALSE(opens(kernel, test, output)) << name;
  EXPECT_EQ(output, Bytes(test.ciphertext.size())) << name << ": released";
}

}  // namespace twinspan::esp::kernels
