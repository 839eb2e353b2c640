// MODP (RFC 3526, RFC 2409, RFC 5114) and ECP (RFC 5903) groups. Both work on plain integers and
// points instead of EVP_PKEY, because IKE fixes the encodings: MODP values padded to the modulus,
// ECP values as x | y.
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include "base/check.h"
#include "ike/crypto/provider_openssl.h"

namespace twinspan::ike {
namespace {

struct OpenSslDeleter {
  void operator()(BIGNUM* number) const { BN_clear_free(number); }
  void operator()(BN_CTX* context) const { BN_CTX_free(context); }
  void operator()(EC_GROUP* group) const { EC_GROUP_free(group); }
  void operator()(EC_POINT* point) const { EC_POINT_clear_free(point); }
};
template <class T>
using Handle = std::unique_ptr<T, OpenSslDeleter>;

Handle<BIGNUM> to_number(ByteView big_endian) {
  Handle<BIGNUM> number(BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr));
  CHECK(number != nullptr);
  return number;
}

// A secret exponent or scalar: the flag keeps BN on its constant-time paths.
Handle<BIGNUM> to_secret_number(ByteView big_endian) {
  Handle<BIGNUM> number = to_number(big_endian);
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  return number;
}

void write_padded(const BIGNUM* number, ByteSpan out) {
  CHECK(BN_bn2binpad(number, out.data(), static_cast<int>(out.size())) ==
        static_cast<int>(out.size()));
}

Handle<BN_CTX> make_context() {
  Handle<BN_CTX> context(BN_CTX_new());
  CHECK(context != nullptr);
  return context;
}

// ---- MODP ----

// RFC 5114 2.3: p, g and the order q of the subgroup that g generates.
constexpr const char* kModp2048_256Prime =
    "87a8e61db4b6663cffbbd19c651959998ceef608660dd0f25d2ceed4435e3b00"
    "e00df8f1d61957d4faf7df4561b2aa3016c3d91134096faa3bf4296d830e9a7c"
    "209e0c6497517abd5a8a9d306bcf67ed91f9e6725b4758c022e0b1ef4275bf7b"
    "6c5bfc11d45f9088b941f54eb1e59bb8bc39a0bf12307f5c4fdb70c581b23f76"
    "b63acae1caa6b7902d52526735488a0ef13c6d9a51bfa4ab3ad8347796524d8e"
    "f6a167b5a41825d967e144e5140564251ccacb83e6b486f6b3ca3f7971506026"
    "c0b857f689962856ded4010abd0be621c3a3960a54e710c375f26375d7014103"
    "a4b54330c198af126116d2276e11715f693877fad7ef09cadb094ae91e1a1597";
constexpr const char* kModp2048_256Generator =
    "3fb32c9b73134d0b2e77506660edbd484ca7b18f21ef205407f4793a1a0ba125"
    "10dbc15077be463fff4fed4aac0bb555be3a6c1b0c6b47b1bc3773bf7e8c6f62"
    "901228f8c28cbb18a55ae31341000a650196f931c77a57f2ddf463e5e9ec144b"
    "777de62aaab8a8628ac376d282d6ed3864e67982428ebc831d14348f6f2f9193"
    "b5045af2767164e1dfc967c1fb3f2e55a4bd1bffe83b9c80d052b985d182ea0a"
    "db2a3b7313d3fe14c8484b1e052588b9b7d2bbd2df016199ecd06e1557cd0915"
    "b3353bbb64e0ec377fd028370df92b52c7891428cdc67eb6184b523d1db246c3"
    "2f63078490f00ef8d647d148d47954515e2327cfef98c582664b4c0f6cc41659";
constexpr const char* kModp2048_256Order =
    "8cf83642a709a097b447997640129da299b1a47d1eb3750ba308b0fe64f5fbd3";

Handle<BIGNUM> from_hex(const char* digits) {
  BIGNUM* number = nullptr;
  CHECK(BN_hex2bn(&number, digits) != 0);
  return Handle<BIGNUM>(number);
}

Handle<BIGNUM> small_number(BN_ULONG value) {
  Handle<BIGNUM> number(BN_new());
  CHECK(number != nullptr && BN_set_word(number.get(), value) == 1);
  return number;
}

struct ModpGroup {
  Handle<BIGNUM> prime;
  size_t exponent_size = 0;
  Handle<BIGNUM> generator = small_number(2);
  Handle<BIGNUM> order = {};  // Of the generator's subgroup; none with a safe prime.
};

// RFC 3526 8: exponents of 320, 420 and 480 bits match the groups' higher strength estimates. Group
// 2 is worth 80 bits at most; group 24's exponents are as long as its order (RFC 5114 4).
ModpGroup find_modp_group(DhGroupId group) {
  switch (group) {
    case DhGroupId::Modp1024:
      return {Handle<BIGNUM>(BN_get_rfc2409_prime_1024(nullptr)), 20};
    case DhGroupId::Modp2048_256:
      return {from_hex(kModp2048_256Prime), 32, from_hex(kModp2048_256Generator),
              from_hex(kModp2048_256Order)};
    case DhGroupId::Modp2048:
      return {Handle<BIGNUM>(BN_get_rfc3526_prime_2048(nullptr)), 40};
    case DhGroupId::Modp3072:
      return {Handle<BIGNUM>(BN_get_rfc3526_prime_3072(nullptr)), 53};
    case DhGroupId::Modp4096:
      return {Handle<BIGNUM>(BN_get_rfc3526_prime_4096(nullptr)), 60};
    default:
      return {};
  }
}

// 1 < value < p-1. RFC 6989 2.1: that is all a safe prime needs; RFC 3526's and RFC 2409's are
// such.
bool is_in_range(const BIGNUM* value, const BIGNUM* prime) {
  Handle<BIGNUM> highest(BN_dup(prime));
  CHECK(highest != nullptr && BN_sub_word(highest.get(), 1) == 1);
  return BN_cmp(value, BN_value_one()) > 0 && BN_cmp(value, highest.get()) < 0;
}

// RFC 6989 2.2: a value outside the subgroup would tell the peer bits of our exponent.
bool is_in_subgroup(const BIGNUM* value, const ModpGroup& group) {
  if (group.order == nullptr) return true;
  const auto context = make_context();
  Handle<BIGNUM> power(BN_new());
  CHECK(power != nullptr);
  CHECK(BN_mod_exp(power.get(), value, group.order.get(), group.prime.get(), context.get()) == 1);
  return BN_is_one(power.get()) == 1;
}

SecretBytes modp_power(const BIGNUM* base, ByteView exponent, const BIGNUM* prime) {
  const auto context = make_context();
  const auto exponent_number = to_secret_number(exponent);
  Handle<BIGNUM> power(BN_new());
  CHECK(power != nullptr);
  CHECK(BN_mod_exp_mont_consttime(power.get(), base, exponent_number.get(), prime, context.get(),
                                  nullptr) == 1);
  SecretBytes padded(static_cast<size_t>(BN_num_bytes(prime)));
  write_padded(power.get(), padded.span());
  return padded;
}

class ModpExchange final : public DhExchange {
 public:
  ModpExchange(DhGroupId group, ModpGroup modp, SecretBytes exponent)
      : group_(group), modp_(std::move(modp)), exponent_(std::move(exponent)) {
    public_value_ =
        to_bytes(modp_power(modp_.generator.get(), exponent_.view(), modp_.prime.get()).view());
  }

  DhGroupId group() const override { return group_; }
  const Bytes& public_value() const override { return public_value_; }

  // RFC 7296 2.14: g^ir is padded with zeros to the length of the modulus.
  std::optional<SecretBytes> compute(ByteView peer_public_value) override {
    if (peer_public_value.size() != public_value_.size()) return std::nullopt;
    const auto peer = to_number(peer_public_value);
    if (!is_in_range(peer.get(), modp_.prime.get())) return std::nullopt;
    if (!is_in_subgroup(peer.get(), modp_)) return std::nullopt;
    return modp_power(peer.get(), exponent_.view(), modp_.prime.get());
  }

 private:
  DhGroupId group_;
  ModpGroup modp_;
  SecretBytes exponent_;
  Bytes public_value_;
};

std::unique_ptr<DhExchange> make_modp(DhGroupId group, ModpGroup modp, ByteView exponent) {
  const auto number = to_secret_number(exponent);
  Handle<BIGNUM> highest(BN_dup(modp.prime.get()));
  CHECK(highest != nullptr && BN_sub_word(highest.get(), 1) == 1);
  if (BN_is_zero(number.get()) || BN_cmp(number.get(), highest.get()) >= 0) return nullptr;
  return std::make_unique<ModpExchange>(group, std::move(modp), SecretBytes(exponent));
}

// ---- ECP ----

struct EcpGroup {
  Handle<EC_GROUP> curve;
  size_t coordinate_size = 0;
  uint8_t top_byte_mask = 0xff;  // Of a scalar: the order's bits in its first byte.
};

Handle<EC_GROUP> make_curve(int name) {
  Handle<EC_GROUP> curve(EC_GROUP_new_by_curve_name(name));
  CHECK(curve != nullptr);
  return curve;
}

EcpGroup find_ecp_group(DhGroupId group) {
  switch (group) {
    case DhGroupId::Ecp256:
      return {make_curve(NID_X9_62_prime256v1), 32, 0xff};
    case DhGroupId::Ecp384:
      return {make_curve(NID_secp384r1), 48, 0xff};
    case DhGroupId::Ecp521:
      return {make_curve(NID_secp521r1), 66, 0x01};
    default:
      return {};
  }
}

Handle<EC_POINT> make_point(const EC_GROUP* curve) {
  Handle<EC_POINT> point(EC_POINT_new(curve));
  CHECK(point != nullptr);
  return point;
}

class EcpExchange final : public DhExchange {
 public:
  EcpExchange(DhGroupId group, EcpGroup ecp, SecretBytes scalar)
      : group_(group), ecp_(std::move(ecp)), scalar_(std::move(scalar)) {
    const auto context = make_context();
    const auto point = make_point(ecp_.curve.get());
    CHECK(EC_POINT_mul(ecp_.curve.get(), point.get(), to_secret_number(scalar_.view()).get(),
                       nullptr, nullptr, context.get()) == 1);
    Bytes octets(1 + 2 * ecp_.coordinate_size);
    CHECK(EC_POINT_point2oct(ecp_.curve.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED,
                             octets.data(), octets.size(), context.get()) == octets.size());
    public_value_.assign(octets.begin() + 1, octets.end());  // RFC 5903 7: x | y alone.
  }

  DhGroupId group() const override { return group_; }
  const Bytes& public_value() const override { return public_value_; }

  // RFC 5903 7 and 9: the secret is x alone, at the field's size.
  std::optional<SecretBytes> compute(ByteView peer_public_value) override {
    const auto context = make_context();
    const auto peer = parse_point(peer_public_value, context.get());
    if (peer == nullptr) return std::nullopt;
    const auto product = make_point(ecp_.curve.get());
    Handle<BIGNUM> x(BN_new());
    CHECK(x != nullptr);
    CHECK(EC_POINT_mul(ecp_.curve.get(), product.get(), nullptr, peer.get(),
                       to_secret_number(scalar_.view()).get(), context.get()) == 1);
    // The curves have a prime order, so a scalar in 1..n-1 never reaches infinity.
    CHECK(EC_POINT_get_affine_coordinates(ecp_.curve.get(), product.get(), x.get(), nullptr,
                                          context.get()) == 1);
    SecretBytes secret(ecp_.coordinate_size);
    write_padded(x.get(), secret.span());
    return secret;
  }

 private:
  // RFC 6989 2.3: both coordinates in 0..p-1 and on the curve, which oct2point checks. Infinity has
  // no encoding as x | y, and with cofactor 1 there is no small subgroup.
  Handle<EC_POINT> parse_point(ByteView peer_public_value, BN_CTX* context) const {
    if (peer_public_value.size() != 2 * ecp_.coordinate_size) return nullptr;
    Bytes octets{POINT_CONVERSION_UNCOMPRESSED};
    octets.insert(octets.end(), peer_public_value.begin(), peer_public_value.end());
    Handle<EC_POINT> point = make_point(ecp_.curve.get());
    if (EC_POINT_oct2point(ecp_.curve.get(), point.get(), octets.data(), octets.size(), context) ==
        1) {
      return point;
    }
    ERR_clear_error();
    return nullptr;
  }

  DhGroupId group_;
  EcpGroup ecp_;
  SecretBytes scalar_;
  Bytes public_value_;
};

std::unique_ptr<DhExchange> make_ecp(DhGroupId group, EcpGroup ecp, ByteView scalar) {
  const auto number = to_secret_number(scalar);
  const BIGNUM* const order = EC_GROUP_get0_order(ecp.curve.get());
  if (BN_is_zero(number.get()) || BN_cmp(number.get(), order) >= 0) return nullptr;
  return std::make_unique<EcpExchange>(group, std::move(ecp), SecretBytes(scalar));
}

// ---- Private keys ----

// Each draw of an ECP scalar lies outside the order with a chance below 2^-31.
constexpr int kDrawsMax = 8;

SecretBytes draw(RandomSource& random, size_t size, uint8_t top_byte_mask) {
  SecretBytes key(size);
  random.fill(key.span());
  key.data()[0] &= top_byte_mask;
  return key;
}

}  // namespace

std::unique_ptr<DhExchange> make_openssl_dh(DhGroupId group, ByteView private_key) {
  if (ModpGroup modp = find_modp_group(group); modp.prime != nullptr) {
    return make_modp(group, std::move(modp), private_key);
  }
  if (EcpGroup ecp = find_ecp_group(group); ecp.curve != nullptr) {
    return make_ecp(group, std::move(ecp), private_key);
  }
  return nullptr;
}

std::unique_ptr<DhExchange> make_openssl_dh(DhGroupId group, RandomSource& random) {
  const ModpGroup modp = find_modp_group(group);
  const EcpGroup ecp = find_ecp_group(group);
  if (modp.prime == nullptr && ecp.curve == nullptr) return nullptr;
  const size_t size = modp.prime != nullptr ? modp.exponent_size : ecp.coordinate_size;
  for (int draws = 0; draws < kDrawsMax; ++draws) {
    const SecretBytes key = draw(random, size, ecp.top_byte_mask);
    if (auto exchange = make_openssl_dh(group, key.view())) return exchange;
  }
  check_failed("a random source that yields a private key", __FILE__, __LINE__);
}

}  // namespace twinspan::ike
