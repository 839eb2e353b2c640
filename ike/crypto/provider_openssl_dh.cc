// MODP (RFC 3526) and ECP (RFC 5903) groups. Both work on plain integers and points instead of
// EVP_PKEY, because IKE fixes the encodings: MODP values padded to the modulus, ECP values as x |
// y.
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

struct ModpGroup {
  Handle<BIGNUM> prime;
  size_t exponent_size = 0;
};

// RFC 3526 8: exponents of 320, 420 and 480 bits match the groups' higher strength estimates.
ModpGroup find_modp_group(DhGroupId group) {
  switch (group) {
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

// 1 < value < p-1. RFC 6989 2.1: that is all a safe prime needs; RFC 3526's are such.
bool is_in_range(const BIGNUM* value, const BIGNUM* prime) {
  Handle<BIGNUM> highest(BN_dup(prime));
  CHECK(highest != nullptr && BN_sub_word(highest.get(), 1) == 1);
  return BN_cmp(value, BN_value_one()) > 0 && BN_cmp(value, highest.get()) < 0;
}

SecretBytes modp_power(ByteView base, ByteView exponent, const BIGNUM* prime) {
  const auto context = make_context();
  const auto base_number = to_number(base);
  const auto exponent_number = to_secret_number(exponent);
  Handle<BIGNUM> power(BN_new());
  CHECK(power != nullptr);
  CHECK(BN_mod_exp_mont_consttime(power.get(), base_number.get(), exponent_number.get(), prime,
                                  context.get(), nullptr) == 1);
  SecretBytes padded(static_cast<size_t>(BN_num_bytes(prime)));
  write_padded(power.get(), padded.span());
  return padded;
}

class ModpExchange final : public DhExchange {
 public:
  ModpExchange(DhGroupId group, Handle<BIGNUM> prime, SecretBytes exponent)
      : group_(group), prime_(std::move(prime)), exponent_(std::move(exponent)) {
    static constexpr uint8_t kGenerator[] = {2};
    public_value_ = to_bytes(modp_power(kGenerator, exponent_.view(), prime_.get()).view());
  }

  DhGroupId group() const override { return group_; }
  const Bytes& public_value() const override { return public_value_; }

  // RFC 7296 2.14: g^ir is padded with zeros to the length of the modulus.
  std::optional<SecretBytes> compute(ByteView peer_public_value) override {
    if (peer_public_value.size() != public_value_.size()) return std::nullopt;
    if (!is_in_range(to_number(peer_public_value).get(), prime_.get())) return std::nullopt;
    return modp_power(peer_public_value, exponent_.view(), prime_.get());
  }

 private:
  DhGroupId group_;
  Handle<BIGNUM> prime_;
  SecretBytes exponent_;
  Bytes public_value_;
};

std::unique_ptr<DhExchange> make_modp(DhGroupId group, Handle<BIGNUM> prime, ByteView exponent) {
  const auto number = to_secret_number(exponent);
  Handle<BIGNUM> highest(BN_dup(prime.get()));
  CHECK(highest != nullptr && BN_sub_word(highest.get(), 1) == 1);
  if (BN_is_zero(number.get()) || BN_cmp(number.get(), highest.get()) >= 0) return nullptr;
  return std::make_unique<ModpExchange>(group, std::move(prime), SecretBytes(exponent));
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
    return make_modp(group, std::move(modp.prime), private_key);
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
