"""SHA-256, SM3, Ed25519 (ZIP-215) and SM2, standard library only, slow and plain. Verification only: no secret is handled here."""

import functools
import hashlib

# SM3 (GB/T 32905-2016)

IV = (0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E)
MASK = 0xFFFFFFFF


def rotate(x, n):
    n %= 32
    return ((x << n) | (x >> (32 - n))) & MASK


def sm3(data):
    padded = data + b"\x80" + b"\0" * ((55 - len(data)) % 64) + (8 * len(data)).to_bytes(8, "big")
    state = IV
    for at in range(0, len(padded), 64):
        w = [int.from_bytes(padded[i:i + 4], "big") for i in range(at, at + 64, 4)]
        for j in range(16, 68):
            x = w[j - 16] ^ w[j - 9] ^ rotate(w[j - 3], 15)
            w.append((x ^ rotate(x, 15) ^ rotate(x, 23)) ^ rotate(w[j - 13], 7) ^ w[j - 6])
        a, b, c, d, e, f, g, h = state
        for j in range(64):
            t = 0x79CC4519 if j < 16 else 0x7A879D8A
            ss1 = rotate((rotate(a, 12) + e + rotate(t, j)) & MASK, 7)
            ss2 = ss1 ^ rotate(a, 12)
            ff = a ^ b ^ c if j < 16 else (a & b) | (a & c) | (b & c)
            gg = e ^ f ^ g if j < 16 else (e & f) | (~e & g)
            tt1 = (ff + d + ss2 + (w[j] ^ w[j + 4])) & MASK
            tt2 = (gg + h + ss1 + w[j]) & MASK
            a, b, c, d = tt1, a, rotate(b, 9), c
            e, f, g, h = tt2 ^ rotate(tt2, 9) ^ rotate(tt2, 17), e, rotate(f, 19), g
        state = tuple(x ^ y for x, y in zip(state, (a, b, c, d, e, f, g, h)))
    return b"".join(x.to_bytes(4, "big") for x in state)


def sha256(data):
    return hashlib.sha256(data).digest()


# Ed25519, verified by the cofactored equation of ZIP-215

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def ed_decode(text):
    """The point of 32 bytes; encodings with y >= p are taken modulo p, as ZIP-215 says."""
    number = int.from_bytes(text, "little")
    sign, y = number >> 255, (number & (2**255 - 1)) % P
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * SQRT_M1 % P
    elif v * x * x % P != u:
        return None
    if x % 2 != sign:
        x = -x % P
    return (x, y, 1, x * y % P)


def ed_add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def ed_times(n, p):
    result = (0, 1, 1, 0)
    while n:
        if n & 1:
            result = ed_add(result, p)
        p, n = ed_add(p, p), n >> 1
    return result


BASE = ed_decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


@functools.lru_cache(maxsize=4096)
def ed25519(key, message, signature):
    a, r, s = ed_decode(key), ed_decode(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    minus_a = (-a[0] % P, a[1], a[2], -a[3] % P)
    minus_r = (-r[0] % P, r[1], r[2], -r[3] % P)
    x, y, z, _ = ed_times(8, ed_add(ed_add(ed_times(s, BASE), ed_times(k, minus_a)), minus_r))
    return x % P == 0 and (y - z) % P == 0


# SM2 (GB/T 32918.2-2016, curve of GB/T 32918.5-2017)

Q = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
A = Q - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
GX = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0


def sm2_decode(text):
    x = int.from_bytes(text[1:], "big")
    if text[0] not in (2, 3) or x >= Q:
        return None
    square = (x * x * x + A * x + B) % Q
    y = pow(square, (Q + 1) // 4, Q)
    if y * y % Q != square:
        return None
    return (x, y if y % 2 == text[0] - 2 else Q - y)


def sm2_add(p, q):
    if p is None or q is None:
        return p or q
    if p[0] == q[0]:
        if (p[1] + q[1]) % Q == 0:
            return None
        slope = (3 * p[0] * p[0] + A) * pow(2 * p[1], Q - 2, Q) % Q
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], Q - 2, Q) % Q
    x = (slope * slope - p[0] - q[0]) % Q
    return (x, (slope * (p[0] - x) - p[1]) % Q)


def sm2_times(n, p):
    result = None
    while n:
        if n & 1:
            result = sm2_add(result, p)
        p, n = sm2_add(p, p), n >> 1
    return result


@functools.lru_cache(maxsize=4096)
def sm2(key, user, message, signature):
    point = sm2_decode(key)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if point is None or not (0 < r < N and 0 < s < N):
        return False
    curve = b"".join(x.to_bytes(32, "big") for x in (A, B, GX, GY, *point))
    z = sm3((8 * len(user)).to_bytes(2, "big") + user + curve)
    e = int.from_bytes(sm3(z + message), "big")
    t = (r + s) % N
    sum_point = sm2_add(sm2_times(s, (GX, GY)), sm2_times(t, point)) if t else None
    return sum_point is not None and (e + sum_point[0]) % N == r
