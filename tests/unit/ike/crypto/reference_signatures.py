#!/usr/bin/env python3
"""Calculates signatures for AUTH payloads of method 14, independently of the C++ code.

    reference_signatures.py > tests/vectors/ike_signatures.vec

EMSA-PSS and EMSA-PKCS1-v1_5 (RFC 8017 8.1, 8.2, 9.1, 9.2) and ECDSA (FIPS 186-4 6.4) on Python
integers, with salts and nonces expanded from labels; AlgorithmIdentifiers as RFC 7427 A.1 to A.4
prints them. Only Ed25519 comes from the cryptography package, and so do the encodings of the keys.
"""
import hashlib

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from reference import show_case, show_head, stream

HASHES = {'sha1': 20, 'sha256': 32, 'sha384': 48, 'sha512': 64}
# RFC 7427 A.1: AlgorithmIdentifier of RSASSA-PKCS1-v1_5, and RFC 8017 9.2: DigestInfo's prefix.
PKCS1 = {'sha1': '300d06092a864886f70d0101050500', 'sha256': '300d06092a864886f70d01010b0500',
         'sha384': '300d06092a864886f70d01010c0500', 'sha512': '300d06092a864886f70d01010d0500'}
DIGEST_INFO = {'sha1': '3021300906052b0e03021a05000414',
               'sha256': '3031300d060960864801650304020105000420',
               'sha384': '3041300d060960864801650304020205000430',
               'sha512': '3051300d060960864801650304020305000440'}
# RFC 7427 A.3.
ECDSA = {'sha1': '300906072a8648ce3d0401', 'sha256': '300a06082a8648ce3d040302',
         'sha384': '300a06082a8648ce3d040303', 'sha512': '300a06082a8648ce3d040304'}
# RFC 7427 A.4: the defaults, which mean SHA-1, and the two that it spells out; SHA-384 likewise.
PSS = {'sha1': '300d06092a864886f70d01010a3000',
       'sha256': '304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a86'
                 '4886f70d010108300d06096086480165030402010500a203020120',
       'sha384': '304106092a864886f70d01010a3034a00f300d06096086480165030402020500a11c301a06092a86'
                 '4886f70d010108300d06096086480165030402020500a203020130',
       'sha512': '304106092a864886f70d01010a3034a00f300d06096086480165030402030500a11c301a06092a86'
                 '4886f70d010108300d06096086480165030402030500a203020140'}
ED25519 = '300506032b6570'  # RFC 8420 A


def digest(name, octets):
    return hashlib.new(name, octets).digest()


def is_prime(n):
    if any(n % p == 0 for p in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29)):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in range(2, 42):
        x = pow(base, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def prime_of(label, bits):
    n = int.from_bytes(stream(label, bits // 8), 'big') | (3 << (bits - 2)) | 1
    while not is_prime(n) or (n - 1) % 65537 == 0:
        n += 2
    return n


def info_of(public_key):
    return public_key.public_bytes(serialization.Encoding.DER,
                                   serialization.PublicFormat.SubjectPublicKeyInfo)


class Rsa:
    def __init__(self, bits):
        p, q = prime_of(f'rsa {bits} p', bits // 2), prime_of(f'rsa {bits} q', bits // 2)
        self.n, self.size = p * q, bits // 8
        self.d = pow(65537, -1, (p - 1) * (q - 1))
        self.info = info_of(rsa.RSAPublicNumbers(65537, self.n).public_key())

    def apply(self, encoded):
        return pow(int.from_bytes(encoded, 'big'), self.d, self.n).to_bytes(self.size, 'big')

    def pkcs1(self, name, octets):
        info = bytes.fromhex(DIGEST_INFO[name]) + digest(name, octets)
        return self.apply(b'\0\1' + b'\xff' * (self.size - 3 - len(info)) + b'\0' + info)

    def pss(self, name, octets, salt):
        hashed = digest(name, bytes(8) + digest(name, octets) + salt)
        block = (bytes(self.size - len(salt) - len(hashed) - 2) + b'\1' + salt)
        mask = b''.join(digest(name, hashed + i.to_bytes(4, 'big')) for i in range(32))
        masked = bytearray(a ^ b for a, b in zip(block, mask))
        masked[0] &= 0x7f
        return self.apply(bytes(masked) + hashed + b'\xbc')


# p, b, order, generator; a is -3 (FIPS 186-4 D.1.2).
CURVES = {
    'P-256': (2**256 - 2**224 + 2**192 + 2**96 - 1,
              0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
              0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
              0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5,
              ec.SECP256R1()),
    'P-384': (2**384 - 2**128 - 2**96 + 2**32 - 1,
              int('ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf'
                  '581a0db248b0a77aecec196accc52973', 16),
              int('aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a38'
                  '5502f25dbf55296c3a545e3872760ab7', 16),
              int('3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c0'
                  '0a60b1ce1d7e819d7a431d7c90ea0e5f', 16),
              ec.SECP384R1()),
    'P-521': (2**521 - 1,
              int('01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'
                  'fffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e9138'
                  '6409', 16),
              int('c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3d'
                  'baa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd'
                  '66', 16),
              int('11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e6'
                  '62c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16'
                  '650', 16),
              ec.SECP521R1()),
}


class Ecdsa:
    def __init__(self, curve):
        self.p, self.order, x, y, self.named = CURVES[curve]
        self.generator = (x, y)
        self.secret = int.from_bytes(stream(f'ecdsa {curve}', 80), 'big') % self.order
        numbers = ec.EllipticCurvePublicNumbers(*self.times(self.secret), self.named)
        self.info = info_of(numbers.public_key())

    def add(self, left, right):
        if left is None or right is None:
            return left or right
        (x1, y1), (x2, y2) = left, right
        if x1 == x2 and (y1 + y2) % self.p == 0:
            return None
        slope = ((3 * x1 * x1 - 3) * pow(2 * y1, -1, self.p) if left == right
                 else (y2 - y1) * pow(x2 - x1, -1, self.p))
        x = (slope * slope - x1 - x2) % self.p
        return x, (slope * (x1 - x) - y1) % self.p

    def times(self, scalar):
        result, step = None, self.generator
        while scalar:
            if scalar & 1:
                result = self.add(result, step)
            step, scalar = self.add(step, step), scalar >> 1
        return result

    def sign(self, name, octets, label):
        k = int.from_bytes(stream(label, 80), 'big') % self.order
        hashed = int.from_bytes(digest(name, octets), 'big')
        hashed >>= max(0, HASHES[name] * 8 - self.order.bit_length())
        r = self.times(k)[0] % self.order
        s = pow(k, -1, self.order) * (hashed + r * self.secret) % self.order
        return der_sequence(der_integer(r) + der_integer(s))


def der(tag, content):
    size = (bytes([len(content)]) if len(content) < 128 else bytes([0x81, len(content)]))
    return bytes([tag]) + size + content


def der_integer(value):
    return der(0x02, value.to_bytes(value.bit_length() // 8 + 1, 'big'))


def der_sequence(content):
    return der(0x30, content)


def show(title, info, octets, identifier, signature):
    algorithm = bytes.fromhex(identifier)
    show_case(title, {'key': info, 'octets': octets, 'identifier': algorithm,
                      'value': bytes([len(algorithm)]) + algorithm + signature})


def main():
    show_head('''Calculated by tests/unit/ike/crypto/reference_signatures.py: `value` is the data of
        an AUTH payload of method 14 over `octets` under the SubjectPublicKeyInfo `key`. Cases with
        sha1 are right in all but that, and must be refused.''')
    octets = stream('octets', 777)
    for bits in (2048, 3072):
        key = Rsa(bits)
        for name, size in HASHES.items():
            show(f'RSA {bits}, PKCS#1 v1.5, {name}', key.info, octets, PKCS1[name],
                 key.pkcs1(name, octets))
            show(f'RSA {bits}, PSS, {name}', key.info, octets, PSS[name],
                 key.pss(name, octets, stream(f'salt {name}', size)))
    for curve in CURVES:
        key = Ecdsa(curve)
        for name in HASHES:
            show(f'ECDSA {curve}, {name}', key.info, octets, ECDSA[name],
                 key.sign(name, octets, f'nonce {curve} {name}'))
    key = ed25519.Ed25519PrivateKey.from_private_bytes(stream('ed25519', 32))
    show('Ed25519', info_of(key.public_key()), octets, ED25519, key.sign(octets))


if __name__ == '__main__':
    main()
