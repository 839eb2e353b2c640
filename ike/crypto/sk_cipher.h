// Sealing and opening of SK payloads (RFC 7296 3.14, RFC 5282): the only place that knows IV,
// padding and ICV layout.
#pragma once

#include <optional>

#include "ike/crypto/key_schedule.h"

namespace twinspan::ike {

// One direction's protection.
struct SkKeys {
  Encryption encryption;
  IntegrityId integrity = IntegrityId::None;
  ByteView key;            // SK_e (with salt)
  ByteView integrity_key;  // SK_a, empty with an AEAD
};

// Bytes of SK body (IV | ciphertext | pad | pad length | ICV) for `plaintext_size` bytes of
// payloads.
size_t sk_body_size(const SkKeys& keys, size_t plaintext_size);

// `prefix` is everything of the message before the SK body: IKE header with its final length, outer
// payloads, the SK payload's generic header (and fragment numbers). Returns the SK body to append.
// The IV of an AEAD is `iv_counter` (never repeated under one key), of CBC it is random.
Bytes seal_sk(Provider& provider, const SkKeys& keys, uint64_t iv_counter, ByteView prefix,
              ByteView plaintext);

// nullopt: authentication failed or the layout is impossible; nothing about the content is
// revealed. `prefix` as above, `body` is what follows it.
std::optional<Bytes> open_sk(Provider& provider, const SkKeys& keys, ByteView prefix,
                             ByteView body);

}  // namespace twinspan::ike
