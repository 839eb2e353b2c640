#!/usr/bin/env python3
"""Calculates vectors for what no RFC has vectors for, independently of the C++ code.

    reference.py ike_keys > tests/vectors/ike_keys.vec
    reference.py modp > tests/vectors/modp.vec
    reference.py ike_pq > tests/vectors/ike_pq.vec

ike_keys: RFC 7296 2.13 to 2.18 and 3.14, RFC 5282, written from the RFC text on Python's hmac and
the cryptography package. ike_pq: RFC 8784 3, RFC 9242 3.3.2, RFC 9370 2.2.2 and 2.2.4. modp:
Python integers; the primes come from the formulas of RFC 3526, not from a library.
Inputs are expanded from labels, so the output is the same on every run.
"""
import hashlib
import hmac
import sys
import textwrap

LINE = 80


def stream(label, size):
    out = b''
    while len(out) < size:
        out += hashlib.sha256(b'%s/%d' % (label.encode(), len(out))).digest()
    return out[:size]


def show(name, value):
    if not isinstance(value, bytes):
        return f'{name} = {value}'
    digits = value.hex()
    lines = [digits[i:i + LINE] for i in range(0, len(digits), LINE)] or ['']
    return (f'{name} = ' + ('\n' + ' ' * (len(name) + 3)).join(lines)).rstrip()


def show_head(text):
    for line in textwrap.wrap(' '.join(text.split()), 98):
        print('# ' + line)


def show_case(title, fields):
    print(f'\n[{title}]')
    for name, value in fields.items():
        print(show(name, value))


# ---- Key schedule ----

PRF = {2: 'sha1', 5: 'sha256', 6: 'sha384', 7: 'sha512'}
PRF_SIZE = {2: 20, 5: 32, 6: 48, 7: 64}
INTEGRITY = {0: (None, 0, 0), 2: ('sha1', 20, 12), 12: ('sha256', 32, 16), 13: ('sha384', 48, 24),
             14: ('sha512', 64, 32)}
SALT = {12: 0, 20: 4, 28: 4}


def prf(number, key, message):
    return hmac.new(key, message, PRF[number]).digest()


def prf_plus(number, key, seed, size):
    out = block = b''
    count = 1
    while len(out) < size:
        block = prf(number, key, block + seed + bytes([count]))
        out += block
        count += 1
    return out[:size]


def cut(material, names_and_sizes):
    keys = {}
    for name, size in names_and_sizes:
        keys[name], material = material[:size], material[size:]
    assert not material
    return keys


def ike_keys(suite, skeyseed, ni, nr, spi_i, spi_r):
    encryption, bits, integrity, prf_number = suite
    p, a, e = PRF_SIZE[prf_number], INTEGRITY[integrity][1], bits // 8 + SALT[encryption]
    sizes = [('d', p), ('ai', a), ('ar', a), ('ei', e), ('er', e), ('pi', p), ('pr', p)]
    total = sum(size for _, size in sizes)
    return cut(prf_plus(prf_number, skeyseed, ni + nr + spi_i + spi_r, total), sizes)


def child_keys(prf_number, d, esp, shared, ni, nr):
    encryption, bits, integrity = esp
    e, a = bits // 8 + SALT[encryption], INTEGRITY[integrity][1]
    sizes = [('e_ir', e), ('a_ir', a), ('e_ri', e), ('a_ri', a)]
    return cut(prf_plus(prf_number, d, shared + ni + nr, 2 * (e + a)), sizes)


def seal(suite, key, integrity_key, iv, prefix, plaintext, pad):
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
    encryption, _, integrity, _ = suite
    padded = plaintext + pad + bytes([len(pad)])
    if encryption in (20, 28):
        cipher = {20: AESGCM, 28: ChaCha20Poly1305}[encryption](key[:-4])
        return iv + cipher.encrypt(key[-4:] + iv, padded, prefix)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    body = iv + encryptor.update(padded) + encryptor.finalize()
    digest, _, size = INTEGRITY[integrity]
    return body + hmac.new(integrity_key, prefix + body, digest).digest()[:size]


def sealed_message(suite, label, key, integrity_key):
    """An IKE and an SK header with right lengths, and a body padded as no minimal sender would."""
    encryption, _, integrity, _ = suite
    plaintext = stream(label + ' payloads', 45)
    pad = stream(label + ' padding', 3 if encryption != 12 else 18)
    iv = stream(label + ' iv', 16 if encryption == 12 else 8)
    icv = 16 if encryption != 12 else INTEGRITY[integrity][2]
    body_size = len(iv) + len(plaintext) + len(pad) + 1 + icv
    header = (stream(label + ' spis', 16) + bytes([46, 0x20, 35, 0x08]) + (1).to_bytes(4, 'big') +
              (32 + body_size).to_bytes(4, 'big'))
    prefix = header + bytes([35, 0]) + (4 + body_size).to_bytes(2, 'big')
    body = seal(suite, key, integrity_key, iv, prefix, plaintext, pad)
    assert len(body) == body_size
    return {'sk_prefix': prefix, 'sk_body': body, 'sk_plaintext': plaintext}


def chain(title, suite, esp, nonce_sizes, shared_size, psk_size):
    """One IKE SA from IKE_SA_INIT over AUTH and two Child SAs to its rekeying."""
    encryption, bits, integrity, prf_number = suite
    ni, nr = stream(title + ' Ni', nonce_sizes[0]), stream(title + ' Nr', nonce_sizes[1])
    shared = stream(title + ' g^ir', shared_size)
    spi_i, spi_r = stream(title + ' SPIi', 8), stream(title + ' SPIr', 8)
    keys = ike_keys(suite, prf(prf_number, ni + nr, shared), ni, nr, spi_i, spi_r)
    psk, message = stream(title + ' PSK', psk_size), stream(title + ' IKE_SA_INIT', 333)
    identity = bytes([2, 0, 0, 0]) + b'gw-a.example.net'
    auth = prf(prf_number, prf(prf_number, psk, b'Key Pad for IKEv2'),
               message + nr + prf(prf_number, keys['pi'], identity))
    fields = {
        'encryption': encryption, 'key_bits': bits, 'integrity': integrity, 'prf': prf_number,
        'nonce_i': ni, 'nonce_r': nr, 'shared': shared, 'spi_i': spi_i, 'spi_r': spi_r,
        'skeyseed': prf(prf_number, ni + nr, shared), **keys,
        'psk': psk, 'signed_message': message, 'id_body': identity, 'auth_i': auth,
        'esp_encryption': esp[0], 'esp_key_bits': esp[1], 'esp_integrity': esp[2],
    }
    fields.update(child_keys(prf_number, keys['d'], esp, b'', ni, nr))
    pfs, pfs_ni, pfs_nr = (stream(title + name, size) for name, size in
                           ((' pfs g^ir', shared_size), (' pfs Ni', 32), (' pfs Nr', 40)))
    fields.update({'pfs_shared': pfs, 'pfs_nonce_i': pfs_ni, 'pfs_nonce_r': pfs_nr})
    fields.update({'pfs_' + name: key for name, key in
                   child_keys(prf_number, keys['d'], esp, pfs, pfs_ni, pfs_nr).items()})
    fields.update(sealed_message(suite, title, keys['ei'], keys['ai']))
    # 2.18: the old PRF makes SKEYSEED from the old SK_d, the new one (the next listed) expands it.
    new_prf = {2: 5, 5: 6, 6: 7, 7: 5}[prf_number]
    new_spis = stream(title + ' new SPIi', 8), stream(title + ' new SPIr', 8)
    skeyseed = prf(prf_number, keys['d'], pfs + pfs_ni + pfs_nr)
    rekeyed = ike_keys((encryption, bits, integrity, new_prf), skeyseed, pfs_ni, pfs_nr, *new_spis)
    fields.update({'rekeyed_prf': new_prf,
                   'rekeyed_spi_i': new_spis[0], 'rekeyed_spi_r': new_spis[1]})
    fields.update({'rekeyed_' + name: key for name, key in rekeyed.items()})
    show_case(title, fields)


def print_ike_keys():
    show_head('''\
Calculated by tests/unit/ike/crypto/reference.py (Python hmac and cryptography, no
        code of the product). One IKE SA per case: SK_*, AUTH of the initiator, a Child SA from
        IKE_AUTH, one with PFS, an SK message of the initiator with non-zero padding, and the keys
        after an IKE rekey (which uses the pfs_* secret and nonces).''')
    chain('AES-GCM-256, PRF-SHA-384', (20, 256, 0, 6), (20, 256, 0), (32, 32), 48, 20)
    chain('AES-GCM-128, PRF-SHA-256', (20, 128, 0, 5), (12, 128, 12), (16, 16), 32, 1)
    chain('ChaCha20-Poly1305, PRF-SHA-512', (28, 256, 0, 7), (28, 256, 0), (64, 256), 32, 128)
    chain('AES-CBC-256, HMAC-SHA-512, PRF-SHA-512',
          (12, 256, 14, 7), (12, 256, 14), (256, 256), 512, 64)
    chain('AES-CBC-128, HMAC-SHA-256, PRF-SHA-256',
          (12, 128, 12, 5), (20, 128, 0), (17, 33), 256, 129)
    chain('AES-CBC-256, HMAC-SHA-384, PRF-SHA-384',
          (12, 256, 13, 6), (12, 256, 13), (48, 48), 66, 32)
    chain('AES-CBC-192, HMAC-SHA-1, PRF-SHA-1', (12, 192, 2, 2), (12, 192, 2), (16, 20), 128, 21)
    chain('AES-GCM-192, PRF-SHA-256', (20, 192, 0, 5), (20, 192, 0), (32, 16), 256, 33)
    # The longest output prf+ can give: 255 rounds.
    key, seed = stream('prf+ key', 32), stream('prf+ seed', 32)
    longest = prf_plus(5, key, seed, 255 * 32)
    show_case('prf+ with SHA-256, 255 rounds', {
        'prf': 5, 'key': key, 'seed': seed, 'last_block': longest[-32:]})


# ---- Post-quantum keys and intermediate exchanges ----

def intermediate_message(title, number, from_initiator, plaintext):
    """IntAuth_*A of one IKE_INTERMEDIATE message: its two headers with adjusted lengths."""
    flags = 0x08 if from_initiator else 0x20
    header = (stream(title + ' SPIi', 8) + stream(title + ' SPIr', 8) + bytes([46, 0x20, 43, flags])
              + number.to_bytes(4, 'big') + (32 + len(plaintext)).to_bytes(4, 'big'))
    return header + bytes([34, 0]) + (4 + len(plaintext)).to_bytes(2, 'big')


def pq_chain(title, suite, esp):
    """An IKE SA with two additional key exchanges and a PPK, and what its rekeys derive."""
    encryption, bits, integrity, n = suite
    ni, nr = stream(title + ' Ni', 32), stream(title + ' Nr', 32)
    spi_i, spi_r = stream(title + ' SPIi', 8), stream(title + ' SPIr', 8)
    shared = [stream(f'{title} SK({i})', size) for i, size in enumerate((48, 32, 66))]
    fields = {'encryption': encryption, 'key_bits': bits, 'integrity': integrity, 'prf': n,
              'nonce_i': ni, 'nonce_r': nr, 'spi_i': spi_i, 'spi_r': spi_r, 'shared_0': shared[0],
              'shared_1': shared[1], 'shared_2': shared[2]}
    keys = ike_keys(suite, prf(n, ni + nr, shared[0]), ni, nr, spi_i, spi_r)
    fields.update({'k0_' + name: key for name, key in keys.items()})
    chain_i = chain_r = b''
    for round in (1, 2):
        plain_i = stream(f'{title} inner request {round}', 40)
        plain_r = stream(f'{title} inner response {round}', 72)
        a_i = intermediate_message(title, round, True, plain_i)
        a_r = intermediate_message(title, round, False, plain_r)
        # RFC 9242 3.3.2: under the SK_p* that were there before this exchange.
        chain_i = prf(n, keys['pi'], chain_i + a_i + plain_i)
        chain_r = prf(n, keys['pr'], chain_r + a_r + plain_r)
        # RFC 9370 2.2.2.
        skeyseed = prf(n, keys['d'], shared[round] + ni + nr)
        keys = ike_keys(suite, skeyseed, ni, nr, spi_i, spi_r)
        fields.update({f'plain_i_{round}': plain_i, f'plain_r_{round}': plain_r})
        fields.update({f'k{round}_' + name: key for name, key in keys.items()})
    fields.update({'int_auth': chain_i + chain_r + (3).to_bytes(4, 'big')})
    # RFC 8784 3.
    ppk = stream(title + ' PPK', 32)
    mixed = {name: prf_plus(n, ppk, keys[name], PRF_SIZE[n]) for name in ('d', 'pi', 'pr')}
    fields.update({'ppk': ppk, **{'ppk_' + name: key for name, key in mixed.items()}})
    psk, message = stream(title + ' PSK', 20), stream(title + ' IKE_SA_INIT', 333)
    identity = bytes([2, 0, 0, 0]) + b'gw-a.example.net'
    fields.update({'psk': psk, 'signed_message': message, 'id_body': identity})
    fields['auth_i'] = prf(n, prf(n, psk, b'Key Pad for IKEv2'), message + nr +
                           prf(n, mixed['pi'], identity) + fields['int_auth'])
    # RFC 9370 2.2.4: a rekey with two IKE_FOLLOWUP_KE exchanges; SK(0) stands before the nonces.
    secrets = shared[0] + ni + nr + shared[1] + shared[2]
    rekeyed = ike_keys(suite, prf(n, mixed['d'], secrets), ni, nr, spi_i, spi_r)
    fields.update({'rekeyed_' + name: key for name, key in rekeyed.items()})
    fields.update({'esp_encryption': esp[0], 'esp_key_bits': esp[1], 'esp_integrity': esp[2]})
    e, a = esp[1] // 8 + SALT[esp[0]], INTEGRITY[esp[2]][1]
    material = prf_plus(n, mixed['d'], secrets, 2 * (e + a))
    fields.update(cut(material, [('e_ir', e), ('a_ir', a), ('e_ri', e), ('a_ri', a)]))
    show_case(title, fields)


def print_ike_pq():
    show_head('''
        Calculated by tests/unit/ike/crypto/reference.py (Python hmac, no code of the product).
        One IKE SA per case with two IKE_INTERMEDIATE exchanges, each an additional key exchange:
        SK_* after IKE_SA_INIT (k0_*) and after each of them, IntAuth, then a PPK, the initiator's
        AUTH, and the keys of an IKE rekey and of a Child SA with two IKE_FOLLOWUP_KE.''')
    pq_chain('AES-GCM-256, PRF-SHA-384', (20, 256, 0, 6), (20, 256, 0))
    pq_chain('AES-CBC-128, HMAC-SHA-256, PRF-SHA-256', (12, 128, 12, 5), (12, 128, 12))
    pq_chain('ChaCha20-Poly1305, PRF-SHA-512', (28, 256, 0, 7), (28, 256, 0))


# ---- MODP groups ----

def pi_times_power_of_two(exponent):
    """floor(pi * 2^exponent), by Machin's formula on integers with 64 guard bits."""
    one = 1 << (exponent + 64)

    def arctan_of_inverse(x):
        term = one // x
        total, n, sign = term, 3, -1
        while term:
            term //= x * x
            total += sign * (term // n)
            n, sign = n + 2, -sign
        return total

    return (4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))) >> 64


def prime(bits, constant):
    """RFC 3526 3 to 5: 2^n - 2^(n-64) - 1 + 2^64 * ([2^(n-130) pi] + constant)."""
    return 2**bits - 2**(bits - 64) - 1 + 2**64 * (pi_times_power_of_two(bits - 130) + constant)


# RFC 5114 2.3.
P24 = int(
    '87a8e61db4b6663cffbbd19c651959998ceef608660dd0f25d2ceed4435e3b00'
    'e00df8f1d61957d4faf7df4561b2aa3016c3d91134096faa3bf4296d830e9a7c'
    '209e0c6497517abd5a8a9d306bcf67ed91f9e6725b4758c022e0b1ef4275bf7b'
    '6c5bfc11d45f9088b941f54eb1e59bb8bc39a0bf12307f5c4fdb70c581b23f76'
    'b63acae1caa6b7902d52526735488a0ef13c6d9a51bfa4ab3ad8347796524d8e'
    'f6a167b5a41825d967e144e5140564251ccacb83e6b486f6b3ca3f7971506026'
    'c0b857f689962856ded4010abd0be621c3a3960a54e710c375f26375d7014103'
    'a4b54330c198af126116d2276e11715f693877fad7ef09cadb094ae91e1a1597',
    16)
G24 = int(
    '3fb32c9b73134d0b2e77506660edbd484ca7b18f21ef205407f4793a1a0ba125'
    '10dbc15077be463fff4fed4aac0bb555be3a6c1b0c6b47b1bc3773bf7e8c6f62'
    '901228f8c28cbb18a55ae31341000a650196f931c77a57f2ddf463e5e9ec144b'
    '777de62aaab8a8628ac376d282d6ed3864e67982428ebc831d14348f6f2f9193'
    'b5045af2767164e1dfc967c1fb3f2e55a4bd1bffe83b9c80d052b985d182ea0a'
    'db2a3b7313d3fe14c8484b1e052588b9b7d2bbd2df016199ecd06e1557cd0915'
    'b3353bbb64e0ec377fd028370df92b52c7891428cdc67eb6184b523d1db246c3'
    '2f63078490f00ef8d647d148d47954515e2327cfef98c582664b4c0f6cc41659',
    16)
Q24 = int(
    '8cf83642a709a097b447997640129da299b1a47d1eb3750ba308b0fe64f5fbd3',
    16)


def exchange(title, group, p, private_i, private_r, generator=2):
    size = (p.bit_length() + 7) // 8
    public_i, public_r = pow(generator, private_i, p), pow(generator, private_r, p)
    show_case(title, {
        'group': group, 'prime': p.to_bytes(size, 'big'),
        'private_i': private_i.to_bytes(40, 'big'), 'public_i': public_i.to_bytes(size, 'big'),
        'private_r': private_r.to_bytes(40, 'big'), 'public_r': public_r.to_bytes(size, 'big'),
        'shared': pow(public_r, private_i, p).to_bytes(size, 'big')})


def print_modp():
    show_head('''Calculated by tests/unit/ike/crypto/reference.py with Python integers; the primes
        from the formulas of RFC 3526 3 to 5 and RFC 2409 6.2, group 24 from RFC 5114 2.3. The first
        case of each group is a plain exchange; in the second the secret begins with a zero
        octet.''')
    groups = ((2, 1024, 129093), (14, 2048, 124476), (15, 3072, 1690314), (16, 4096, 240904))
    for group, bits, constant in groups:
        p = prime(bits, constant)
        assert pow(2, p - 1, p) == 1 and pow(2, (p - 1) // 2, p) == 1
        private_i = int.from_bytes(stream(f'modp {group} i', 40), 'big')
        private_r = int.from_bytes(stream(f'modp {group} r', 40), 'big')
        exchange(f'group {group}', group, p, private_i, private_r)
        public_i = pow(2, private_i, p)
        while pow(public_i, private_r, p) >> (bits - 8):
            private_r += 1
        exchange(f'group {group}, leading zero', group, p, private_i, private_r)
    assert pow(G24, Q24, P24) == 1 and (P24 - 1) % Q24 == 0
    private_i = int.from_bytes(stream('modp 24 i', 40), 'big')
    private_r = int.from_bytes(stream('modp 24 r', 40), 'big')
    exchange('group 24', 24, P24, private_i, private_r, G24)
    public_i = pow(G24, private_i, P24)
    while pow(public_i, private_r, P24) >> 2040:
        private_r += 1
    exchange('group 24, leading zero', 24, P24, private_i, private_r, G24)


if __name__ == '__main__':
    {'ike_keys': print_ike_keys, 'ike_pq': print_ike_pq, 'modp': print_modp}[sys.argv[1]]()
