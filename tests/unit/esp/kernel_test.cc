// Every AES-GCM kernel that this CPU has against published vectors, and against the reference
// kernel at all small lengths and alignments.
#include <gmock/gmock.h>

#include <algorithm>

#include "esp/kernels/library_kernels.h"
#include "esp/kernels/self_test.h"
#include "tests/support/vector_file.h"
#include "tests/unit/esp/kernel_fixture.h"

namespace twinspan::esp::kernels {
namespace {

class AesGcm : public testing::TestWithParam<const Kernel*> {};

TEST_P(AesGcm, AgreesWithPublishedVectors) {
  for (const VectorCase& test : read_vectors("esp_aes_gcm.vec")) {
    const AeadCase aead{test.bytes("key"),       test.bytes("iv"),         test.bytes("aad"),
                        test.bytes("plaintext"), test.bytes("ciphertext"), test.bytes("tag")};
    expect_seals(*GetParam(), aead, test.name());
    expect_opens(*GetParam(), aead, test.name());
  }
}

// Up to four vectors of the widest kernel and beyond, and twice that.
TEST_P(AesGcm, AgreesWithTheReferenceAtAllLengthsAndAlignments) {
  for (const size_t key_size : {16u, 32u}) {
    const Bytes key = patterned(key_size + 4, 9);
    const auto seal_kernel = make_cipher(*GetParam(), key, Direction::Seal);
    const auto seal_reference = make_cipher(kAesGcmOpenssl, key, Direction::Seal);
    const auto open_kernel = make_cipher(*GetParam(), key, Direction::Open);
    for (size_t length = 0; length <= 8 * 64 + 1; ++length) {
      const size_t aad_length = length % 2 == 0 ? 8 : 12;
      Message expected(length, 0, aad_length);
      seal_reference->seal(&expected.packet, 1);
      // Four blocks and one byte: all alignments. Above: one each.
      const size_t alignments = length <= 4 * 16 + 1 ? 16 : 1;
      for (size_t i = 0; i < alignments; ++i) {
        Message sealed(length, (length + i) % 16, aad_length);
        seal_kernel->seal(&sealed.packet, 1);
        ASSERT_EQ(sealed.output(), expected.output()) << length;
        ASSERT_EQ(sealed.tag(), expected.tag()) << length;
        Packet opening = sealed.reopened();
        open_kernel->open(&opening, 1);
        ASSERT_TRUE(opening.authentic) << length;
        ASSERT_EQ(sealed.output(), sealed.plaintext()) << length;
      }
    }
  }
}

// Around whole vectors, whole steps and the longest text that is hashed in one run, 1536 bytes.
TEST_P(AesGcm, NeighboursOfAllLargeLengthsAgreeWithTheReference) {
  const Bytes key = patterned(36, 9);
  const auto kernel = make_cipher(*GetParam(), key, Direction::Seal);
  const auto reference = make_cipher(kAesGcmOpenssl, key, Direction::Seal);
  const auto opening = make_cipher(*GetParam(), key, Direction::Open);
  for (const size_t around :
       {576u, 1024u, 1408u, 1536u, 1600u, 2048u, 3072u, 3136u, 4608u, 9000u}) {
    for (size_t longer = 0; longer < 3; ++longer) {
      std::vector<std::unique_ptr<Message>> messages, references;
      std::vector<Packet> packets;
      for (size_t i = 0; i < 5; ++i) {
        const size_t length = around - 1 + (longer + i) % 3 + (i == 3 ? 64 : 0);
        messages.push_back(std::make_unique<Message>(length, i, i == 4 ? 20 : 12));
        references.push_back(std::make_unique<Message>(length, i, i == 4 ? 20 : 12));
        packets.push_back(messages[i]->packet);
        reference->seal(&references[i]->packet, 1);
      }
      kernel->seal(packets.data(), packets.size());
      for (size_t i = 0; i < packets.size(); ++i) {
        ASSERT_EQ(messages[i]->output(), references[i]->output()) << around << " packet " << i;
        ASSERT_EQ(messages[i]->tag(), references[i]->tag()) << around << " packet " << i;
        packets[i] = messages[i]->reopened();
      }
      opening->open(packets.data(), packets.size());
      for (size_t i = 0; i < packets.size(); ++i) {
        ASSERT_TRUE(packets[i].authentic) << around << " packet " << i;
        ASSERT_EQ(messages[i]->output(), messages[i]->plaintext()) << around << " packet " << i;
      }
    }
  }
}

// What the kernels keep of earlier packets depends on some bytes of the IV.
TEST_P(AesGcm, IvsThatDifferInAnyByteDoNotDisturbEachOther) {
  const Bytes key = patterned(36, 9);
  const auto kernel = make_cipher(*GetParam(), key, Direction::Seal);
  const auto reference = make_cipher(kAesGcmOpenssl, key, Direction::Seal);
  const auto opening = make_cipher(*GetParam(), key, Direction::Open);
  for (const size_t length : {40u, 100u, 200u, 700u, 40u}) {
    std::vector<std::unique_ptr<Message>> messages;
    std::vector<Packet> packets;
    for (size_t i = 0; i < 2 * 9; ++i) {
      messages.push_back(std::make_unique<Message>(length, 0, 8));
      if (i % 9 < 8) messages[i]->packet.iv[i % 9] ^= 0x81;
      packets.push_back(messages[i]->packet);
    }
    kernel->seal(packets.data(), packets.size());
    for (size_t i = 0; i < packets.size(); ++i) {
      Message expected(length, 0, 8);
      expected.packet.iv = packets[i].iv;
      reference->seal(&expected.packet, 1);
      ASSERT_EQ(messages[i]->output(), expected.output()) << length << " packet " << i;
      ASSERT_EQ(messages[i]->tag(), expected.tag()) << length << " packet " << i;
      packets[i] = messages[i]->reopened();
    }
    opening->open(packets.data(), packets.size());
    for (size_t i = 0; i < packets.size(); ++i) {
      ASSERT_TRUE(packets[i].authentic) << length << " packet " << i;
      ASSERT_EQ(messages[i]->output(), messages[i]->plaintext()) << length << " packet " << i;
    }
  }
}

TEST_P(AesGcm, AgreesWithTheReferenceOnAssociatedDataOfAnyLength) {
  const Bytes key = patterned(36, 9);
  const auto kernel = make_cipher(*GetParam(), key, Direction::Seal);
  const auto reference = make_cipher(kAesGcmOpenssl, key, Direction::Seal);
  for (size_t aad_length = 0; aad_length <= 4 * 16 + 1; ++aad_length) {
    for (const size_t length : {0u, 1u, 64u, 300u}) {
      Message sealed(length, 0, aad_length), expected(length, 0, aad_length);
      kernel->seal(&sealed.packet, 1);
      reference->seal(&expected.packet, 1);
      ASSERT_EQ(sealed.tag(), expected.tag()) << aad_length << " and " << length;
    }
  }
}

// Neighbours that one vector holds share their steps, whichever lengths they have.
TEST_P(AesGcm, NeighboursOfAllSmallLengthsDoNotDisturbEachOther) {
  const Bytes key = patterned(20, 3);
  const auto kernel = make_cipher(*GetParam(), key, Direction::Seal);
  const auto reference = make_cipher(kAesGcmOpenssl, key, Direction::Seal);
  for (size_t first = 0; first <= 2 * 64 + 1; ++first) {
    std::vector<std::unique_ptr<Message>> messages, references;
    std::vector<Packet> packets;
    for (size_t i = 0; i < 4; ++i) {
      const size_t length = first < i * 5 ? first : first - i * 5;
      messages.push_back(std::make_unique<Message>(length, i, i % 2 == 0 ? 12 : 8));
      references.push_back(std::make_unique<Message>(length, i, i % 2 == 0 ? 12 : 8));
      packets.push_back(messages[i]->packet);
      reference->seal(&references[i]->packet, 1);
    }
    kernel->seal(packets.data(), packets.size());
    for (size_t i = 0; i < 4; ++i) {
      ASSERT_EQ(messages[i]->output(), references[i]->output()) << first << " packet " << i;
      ASSERT_EQ(messages[i]->tag(), references[i]->tag()) << first << " packet " << i;
    }
  }
}

// Small neighbours of one length share more: the powers of H, and what their lengths add to the
// hash, which is kept until another kind of packet comes.
TEST_P(AesGcm, SmallNeighboursOfOneLengthAgreeWithTheReferenceWhateverCameBefore) {
  const Bytes key = patterned(36, 9);
  const auto kernel = make_cipher(*GetParam(), key, Direction::Seal);
  const auto reference = make_cipher(kAesGcmOpenssl, key, Direction::Seal);
  const auto opening = make_cipher(*GetParam(), key, Direction::Open);
  for (size_t step = 0; step <= 4 * 130; ++step) {
    const size_t length = step % 4 < 2 ? step / 4 : 130 - step / 4;
    const size_t aad_length = step % 2 == 0 ? 8 : 12;
    std::vector<std::unique_ptr<Message>> messages;
    std::vector<Packet> packets;
    for (size_t i = 0; i < 4; ++i) {
      messages.push_back(std::make_unique<Message>(length, i, aad_length));
      messages[i]->packet.iv[2] = static_cast<uint8_t>(step + i);
      packets.push_back(messages[i]->packet);
    }
    kernel->seal(packets.data(), packets.size());
    for (size_t i = 0; i < 4; ++i) {
      Message expected(length, 0, aad_length);
      expected.packet.iv = packets[i].iv;
      reference->seal(&expected.packet, 1);
      ASSERT_EQ(messages[i]->output(), expected.output()) << length << " packet " << i;
      ASSERT_EQ(messages[i]->tag(), expected.tag()) << length << " packet " << i;
      packets[i] = messages[i]->reopened();
    }
    const size_t forged = step % 5;  // 4: none.
    if (forged < 4) packets[forged].icv[step % 16] ^= 1;
    opening->open(packets.data(), packets.size());
    for (size_t i = 0; i < 4; ++i) {
      ASSERT_EQ(packets[i].authentic, i != forged) << length << " packet " << i;
      ASSERT_EQ(messages[i]->output(), i == forged ? Bytes(length) : messages[i]->plaintext());
    }
  }
}

TEST_P(AesGcm, AForgedBitAnywhereIsRefusedAndNothingReleased) {
  const Bytes key = patterned(36, 5);
  const auto sealing = make_cipher(*GetParam(), key, Direction::Seal);
  const auto opening = make_cipher(*GetParam(), key, Direction::Open);
  for (const size_t length : {1u, 64u, 65u, 300u}) {
    for (size_t at = 0; at < length + 16; at += 7) {
      Message message(length, 0, 12);
      sealing->seal(&message.packet, 1);
      Packet packet = message.reopened();
      (at < length ? packet.output[at] : packet.icv[at - length]) ^= 0x10;
      opening->open(&packet, 1);
      ASSERT_FALSE(packet.authentic) << length << " at " << at;
      ASSERT_EQ(message.output(), Bytes(length)) << length << " at " << at;
    }
  }
}

TEST_P(AesGcm, PassesTheSelfTestOfTheDaemon) {
  EXPECT_EQ(self_test(*GetParam(), kAesGcmOpenssl), std::nullopt);
}

TEST_P(AesGcm, ABatchIsTheSameAsItsPacketsOneByOne) {
  const Bytes key = patterned(36, 5);
  const auto batched = make_cipher(*GetParam(), key, Direction::Seal);
  const auto single = make_cipher(kAesGcmOpenssl, key, Direction::Seal);
  const auto opening = make_cipher(*GetParam(), key, Direction::Open);
  for (const size_t count : {1u, 2u, 3u, 4u, 5u, 16u, 63u, 64u}) {
    std::vector<std::unique_ptr<Message>> messages, references;
    std::vector<Packet> packets;
    for (size_t i = 0; i < count; ++i) {
      const size_t length = (i * 197 + count * 31) % 1500;
      messages.push_back(std::make_unique<Message>(length, i % 16, 12));
      references.push_back(std::make_unique<Message>(length, 3, 12));
      packets.push_back(messages[i]->packet);
      single->seal(&references[i]->packet, 1);
    }
    batched->seal(packets.data(), count);
    for (size_t i = 0; i < count; ++i) {
      ASSERT_EQ(messages[i]->output(), references[i]->output()) << i;
      ASSERT_EQ(messages[i]->tag(), references[i]->tag()) << i;
    }
    // One forged packet in the middle does not disturb its neighbours.
    messages[count / 2]->packet.icv[3] ^= 4;
    for (size_t i = 0; i < count; ++i) packets[i] = messages[i]->reopened();
    opening->open(packets.data(), count);
    for (size_t i = 0; i < count; ++i) {
      ASSERT_EQ(packets[i].authentic, i != count / 2) << i;
      const Bytes expected =
          i == count / 2 ? Bytes(messages[i]->plaintext().size()) : messages[i]->plaintext();
      ASSERT_EQ(messages[i]->output(), expected) << i;
    }
  }
}

TEST_P(AesGcm, InPlaceAndTrailerGiveTheSameAsOneBuffer) {
  const Bytes key = patterned(36, 5);
  const auto cipher = make_cipher(*GetParam(), key, Direction::Seal);
  for (const size_t length : {2u, 15u, 16u, 17u, 63u, 64u, 65u, 1440u}) {
    Message whole(length, 0, 8), in_place(length, 0, 8), split(length, 0, 8);
    cipher->seal(&whole.packet, 1);

    const Bytes plaintext = in_place.plaintext();
    std::copy(plaintext.begin(), plaintext.end(), in_place.packet.output);
    in_place.packet.input = in_place.packet.output;
    cipher->seal(&in_place.packet, 1);
    EXPECT_EQ(in_place.output(), whole.output());
    EXPECT_EQ(in_place.tag(), whole.tag());

    const auto trailer = static_cast<uint32_t>(std::min<size_t>(length, 5));
    split.packet.input_length -= trailer;
    split.packet.trailer_length = trailer;
    std::copy(plaintext.end() - trailer, plaintext.end(), split.packet.output + length - trailer);
    cipher->seal(&split.packet, 1);
    EXPECT_EQ(split.output(), whole.output());
    EXPECT_EQ(split.tag(), whole.tag());
  }
}

TEST_P(AesGcm, ATrailerOfAnyLengthGivesTheSameAsOneBuffer) {
  const Bytes key = patterned(36, 5);
  const auto cipher = make_cipher(*GetParam(), key, Direction::Seal);
  for (const size_t length : {300u, 1440u}) {
    Message whole(length, 0, 8);
    cipher->seal(&whole.packet, 1);
    const Bytes plaintext = whole.plaintext();
    for (uint32_t trailer = 0; trailer <= length && trailer <= 2 + 255; ++trailer) {
      Message split(length, 0, 8);
      split.packet.input_length -= trailer;
      split.packet.trailer_length = trailer;
      std::copy(plaintext.end() - trailer, plaintext.end(), split.packet.output + length - trailer);
      cipher->seal(&split.packet, 1);
      ASSERT_EQ(split.output(), whole.output()) << trailer;
      ASSERT_EQ(split.tag(), whole.tag()) << trailer;
    }
  }
}

TEST_P(AesGcm, RefusesOtherKeySizes) {
  for (const size_t key_size : {0u, 15u, 20u, 33u}) {
    EXPECT_EQ(make_cipher(*GetParam(), patterned(key_size + 4, 1), Direction::Seal), nullptr);
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, AesGcm,
                         testing::ValuesIn(KernelSet::aes_gcm_kernels(probe_cpu({}))),
                         [](const auto& kernel) { return std::string(kernel.param->name); });

// A kernel with one wrong bit in what it writes.
TEST(SelfTest, NamesAKernelThatIsWrong) {
  Kernel wrong = kAesGcmOpenssl;
  wrong.name = "wrong";
  wrong.seal = [](void* context, Packet* packets, size_t count) {
    kAesGcmOpenssl.seal(context, packets, count);
    if (packets[0].input_length == 257) packets[count - 1].output[256] ^= 1;
  };
  EXPECT_THAT(self_test(wrong, kAesGcmOpenssl).value_or(""),
              testing::HasSubstr("\"wrong\" does not seal"));
  wrong.seal = kAesGcmOpenssl.seal;
  wrong.open = [](void* context, Packet* packets, size_t count) {
    kAesGcmOpenssl.open(context, packets, count);
    for (size_t i = 0; i < count; ++i) packets[i].authentic = true;
  };
  EXPECT_THAT(self_test(wrong, kAesGcmOpenssl).value_or(""),
              testing::HasSubstr("\"wrong\" does not open"));
}

TEST(SelfTest, PassesOnThisMachine) {
  EXPECT_EQ(self_test(*KernelSet::choose("", probe_cpu({}))), std::nullopt);
}

// OpenSSL 3.0.19 answers an empty EVP_Cipher with success, whatever the ICV.
TEST(ChaChaPoly, AForgedBitAnywhereIsRefusedAndNothingReleased) {
  const Bytes key = patterned(36, 5);
  const auto sealing = make_cipher(kChaChaPolyOpenssl, key, Direction::Seal);
  const auto opening = make_cipher(kChaChaPolyOpenssl, key, Direction::Open);
  for (const size_t length : {1u, 64u, 300u}) {
    for (size_t at = 0; at < length + 16; at += 7) {
      Message message(length, 0, 12);
      sealing->seal(&message.packet, 1);
      Packet packet = message.reopened();
      (at < length ? packet.output[at] : packet.icv[at - length]) ^= 0x10;
      opening->open(&packet, 1);
      ASSERT_FALSE(packet.authentic) << length << " at " << at;
      ASSERT_EQ(message.output(), Bytes(length)) << length << " at " << at;
    }
  }
}

TEST(ChaChaPoly, RefusesOtherKeySizes) {
  EXPECT_EQ(make_cipher(kChaChaPolyOpenssl, patterned(20, 1), Direction::Seal), nullptr);
}

TEST(CbcHmac, RefusesKeysThatDoNotFit) {
  const Bytes key = patterned(64, 1);
  KeyMaterial material{.key = key.data(),
                       .key_size = 32,
                       .integrity_key = key.data(),
                       .integrity_key_size = 32,
                       .icv_size = 16,
                       .iv_seed = key.data()};
  EXPECT_NE(Cipher::make(kCbcHmacSha256, material, Direction::Seal), nullptr);
  EXPECT_EQ(Cipher::make(kCbcHmacSha384, material, Direction::Seal), nullptr);
  material.icv_size = 12;
  EXPECT_EQ(Cipher::make(kCbcHmacSha256, material, Direction::Seal), nullptr);
  material.icv_size = 16;
  material.key_size = 20;
  EXPECT_EQ(Cipher::make(kCbcHmacSha256, material, Direction::Open), nullptr);
}

TEST(CbcHmac, Sha1HasItsOwnKeyAndIcvSizes) {
  const Bytes key = patterned(64, 1);
  KeyMaterial material{.key = key.data(),
                       .key_size = 24,
                       .integrity_key = key.data(),
                       .integrity_key_size = 20,
                       .icv_size = 12,
                       .iv_seed = key.data()};
  EXPECT_NE(Cipher::make(kCbcHmacSha1, material, Direction::Seal), nullptr);
  EXPECT_EQ(Cipher::make(kCbcHmacSha256, material, Direction::Seal), nullptr);
  material.icv_size = 10;
  EXPECT_EQ(Cipher::make(kCbcHmacSha1, material, Direction::Seal), nullptr);
  material.icv_size = 12;
  material.integrity_key_size = 32;
  EXPECT_EQ(Cipher::make(kCbcHmacSha1, material, Direction::Seal), nullptr);
}

TEST(Select, TakesTheFastestThatTheCpuHas) {
  EXPECT_STREQ(KernelSet::choose("", {})->name(), "openssl");
#if defined(__x86_64__)
  EXPECT_STREQ(KernelSet::choose("", {.aesni = true})->name(), "aesni");
  EXPECT_STREQ(KernelSet::choose("", {.aesni = true, .avx2 = true})->name(), "aesni");
  const CpuFeatures zen3{.aesni = true, .avx2 = true, .vaes = true};
  EXPECT_STREQ(KernelSet::choose("", zen3)->name(), "vaes256");
  const CpuFeatures zen4{.aesni = true, .avx2 = true, .vaes = true, .avx512 = true};
  EXPECT_STREQ(KernelSet::choose("", zen4)->name(), "vaes512");
  EXPECT_STREQ(KernelSet::choose("vaes256", zen4)->name(), "vaes256");
  EXPECT_EQ(KernelSet::choose("vaes512", zen3).error(),
            "this CPU cannot run the kernel \"vaes512\"");
#endif
}

TEST(Select, ChoosesByNameAndRefusesUnknownNames) {
  EXPECT_STREQ(KernelSet::choose("openssl", {})->name(), "openssl");
  EXPECT_TRUE(KernelSet::choose("", {}).has_value()) << "there is always one";
  EXPECT_EQ(KernelSet::choose("quantum", {}).error(), "no kernel is called \"quantum\"");
  EXPECT_EQ(KernelSet::choose("null", {}).error(), "no kernel is called \"null\"");
}

TEST(Select, FindsAKernelForPairsThatEspHas) {
  const KernelSet set = *KernelSet::choose("openssl", {});
  EXPECT_EQ(set.find({EncryptionId::AesGcm16, 128}, IntegrityId::None), &kAesGcmOpenssl);
  EXPECT_EQ(set.find({EncryptionId::ChaCha20Poly1305, 256}, IntegrityId::None),
            &kChaChaPolyOpenssl);
  EXPECT_EQ(set.find({EncryptionId::AesCbc, 256}, IntegrityId::HmacSha384_192), &kCbcHmacSha384);
  EXPECT_EQ(set.find({EncryptionId::AesCbc, 192}, IntegrityId::HmacSha1_96), &kCbcHmacSha1);
  EXPECT_EQ(set.find({EncryptionId::AesGcm16, 192}, IntegrityId::None), &kAesGcmOpenssl);
  EXPECT_EQ(set.find({EncryptionId::AesCbc, 256}, IntegrityId::None), nullptr);
  EXPECT_EQ(set.find({EncryptionId::AesGcm16, 256}, IntegrityId::HmacSha256_128), nullptr);
}

TEST(CpuMask, HidesWhatItNames) {
  EXPECT_EQ(parse_cpu_mask(""), CpuMask{});
  EXPECT_EQ(parse_cpu_mask("vaes"), (CpuMask{.vaes = true}));
  EXPECT_EQ(parse_cpu_mask("avx512,vaes,avx2"),
            (CpuMask{.avx512 = true, .vaes = true, .avx2 = true}));
  EXPECT_EQ(parse_cpu_mask("avx512,sse2"), std::nullopt);
  const CpuFeatures masked = probe_cpu({.avx512 = true, .vaes = true, .avx2 = true});
  EXPECT_FALSE(masked.avx512 || masked.vaes || masked.avx2);
  EXPECT_EQ(masked.aesni, probe_cpu({}).aesni);
}

TEST(CpuMask, TellsOpensslTheSame) {
  // CPUID leaf 7: EBX bit 5 is AVX2, bit 16 AVX512F; ECX (upper half) bits 9 and 10 are VAES,
  // VPCLMULQDQ.
  EXPECT_EQ(openssl_ia32cap({}), "");
  EXPECT_EQ(openssl_ia32cap({.avx2 = true}), ":~0x20");
  EXPECT_EQ(openssl_ia32cap({.vaes = true}), ":~0x60000000000");
  EXPECT_EQ(openssl_ia32cap({.avx512 = true}), ":~0x5842d0230000");
}

}  // namespace
}  // namespace twinspan::esp::kernels
