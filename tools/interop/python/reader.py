"""Access to an eMRTD as somebody would write it from the standard: BAC and PACE (generic mapping over curves), secure
messaging with 3DES and AES, reading. Nothing of the product is used; ciphers come from the `cryptography` package, the
arithmetic of the curves is below."""

import hashlib
import os

from cryptography.hazmat.primitives import cmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from judge import Refused

try:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
except ImportError:
    from cryptography.hazmat.primitives.ciphers.algorithms import TripleDES

EMRTD = bytes.fromhex("A0000002471001")


def tlv(tag, value):
    """Tag as octets, length in the shortest form."""
    n = len(value)
    length = bytes([n]) if n < 0x80 else bytes([0x81, n]) if n < 0x100 else bytes([0x82, n >> 8, n & 0xFF])
    return bytes.fromhex(tag) + length + value


def parse(octets):
    """List of (tag in hexadecimal, value)."""
    found, at = [], 0
    while at < len(octets):
        start = at
        at += 2 if octets[at] & 0x1F == 0x1F else 1
        tag = octets[start:at].hex().upper()
        length = octets[at]
        at += 1
        if length >= 0x80:
            count = length & 0x7F
            length = int.from_bytes(octets[at : at + count], "big")
            at += count
        found.append((tag, octets[at : at + length]))
        at += length
    return found


def value(octets, *tags):
    """The value under a path of tags."""
    for tag in tags:
        octets = dict(parse(octets))[tag]
    return octets


def pad(octets, block):
    octets += b"\x80"
    return octets + bytes(-len(octets) % block)


def unpad(octets):
    return octets[: octets.rindex(b"\x80")]


def derive(secret, counter, kind):
    """9303-11 9.7.1."""
    seed = secret + counter.to_bytes(4, "big")
    if kind == "AES-256":
        return hashlib.sha256(seed).digest()
    return hashlib.sha1(seed).digest()[:16]


def crypt(algorithm, mode, octets, decrypt=False):
    cipher = Cipher(algorithm, mode)
    worker = cipher.decryptor() if decrypt else cipher.encryptor()
    return worker.update(octets) + worker.finalize()


class Sm3Des:
    """Secure messaging after BAC."""

    block = 8

    def __init__(self, enc, mac, counter):
        self.enc, self.mac_key, self.counter = enc, mac, counter

    def mac(self, octets):
        octets = pad(octets, 8)
        single = TripleDES(self.mac_key[:8] * 3)
        last = crypt(single, modes.CBC(bytes(8)), octets)[-8:]
        last = crypt(TripleDES(self.mac_key[8:] * 3), modes.ECB(), last, True)
        return crypt(single, modes.ECB(), last)

    def cipher(self, octets, decrypt=False):
        return crypt(TripleDES(self.enc + self.enc[:8]), modes.CBC(bytes(8)), octets, decrypt)


class SmAes:
    """Secure messaging after PACE with AES."""

    block = 16

    def __init__(self, enc, mac):
        self.enc, self.mac_key, self.counter = enc, mac, bytes(16)

    def mac(self, octets):
        worker = cmac.CMAC(algorithms.AES(self.mac_key))
        worker.update(pad(octets, 16))
        return worker.finalize()[:8]

    def cipher(self, octets, decrypt=False):
        vector = crypt(algorithms.AES(self.enc), modes.ECB(), self.counter)
        return crypt(algorithms.AES(self.enc), modes.CBC(vector), octets, decrypt)


class Session:
    """Commands under secure messaging, 9303-11 9.8."""

    def __init__(self, card, sm):
        self.card, self.sm = card, sm

    def count(self):
        counter = int.from_bytes(self.sm.counter, "big") + 1
        self.sm.counter = counter.to_bytes(self.sm.block, "big")

    def send(self, ins, p1, p2, data=b"", ne=None):
        """`ne` of 256 and more, and what then comes back, want extended length."""
        sm, extended = self.sm, ne is not None and ne > 0xFF
        header = bytes([0x0C, ins, p1, p2])
        self.count()
        body = b""
        if data:
            body += tlv("87", b"\x01" + sm.cipher(pad(data, sm.block)))
        if ne is not None:
            body += tlv("97", ne.to_bytes(2, "big") if extended else bytes([ne]))
        body += tlv("8E", sm.mac(sm.counter + pad(header, sm.block) + body))
        length = b"\x00" + len(body).to_bytes(2, "big") if extended else bytes([len(body)])
        answer, sw = self.card.transmit(header + length + body + (b"\x00\x00" if extended else b"\x00"))
        if not answer:
            raise Refused(sw)
        self.count()
        objects = parse(answer)
        covered = b"".join(tlv(tag, content) for tag, content in objects if tag != "8E")
        objects = dict(objects)
        assert sm.mac(sm.counter + covered) == objects["8E"], "MAC of the answer"
        assert objects["99"] == sw.to_bytes(2, "big"), "status word inside and outside"
        if sw not in (0x9000, 0x6282):
            raise Refused(sw)
        return unpad(sm.cipher(objects["87"][1:], True)) if "87" in objects else b""

    def select(self):
        self.send(0xA4, 0x04, 0x0C, EMRTD)

    def read(self, fid):
        """A whole file, in parts that fit a short response."""
        self.send(0xA4, 0x02, 0x0C, bytes.fromhex(fid))
        content = self.send(0xB0, 0, 0, ne=8)
        header = 2 if content[1] < 0x80 else 2 + (content[1] & 0x7F)
        length = content[1] if header == 2 else int.from_bytes(content[2:header], "big")
        whole = header + length
        while len(content) < whole:
            at = len(content)
            content += self.send(0xB0, at >> 8, at & 0xFF, ne=min(0xDF, whole - at))
        return content[:whole]


def mrz_key(lines):
    """Document number, date of birth, date of expiry, each with its check digit: 9303-11 4.3.2, TD1."""
    first, second = lines[0], lines[1]
    return (first[5:15] + second[0:7] + second[8:15]).encode()


def bac(card, lines):
    """9303-11 4.3.3."""
    card.send(bytes.fromhex("00A4040C07") + EMRTD)
    seed = hashlib.sha1(mrz_key(lines)).digest()[:16]
    sm = Sm3Des(derive(seed, 1, "3DES"), derive(seed, 2, "3DES"), bytes(8))
    challenge = card.send(bytes.fromhex("0084000008"))
    mine, part = os.urandom(8), os.urandom(16)
    message = sm.cipher(mine + challenge + part)
    answer = card.send(bytes.fromhex("0082000028") + message + sm.mac(message) + b"\x28")
    assert sm.mac(answer[:32]) == answer[32:], "MAC of the card's authentication"
    plain = sm.cipher(answer[:32], True)
    assert plain[:16] == challenge + mine, "the card's challenges"
    secret = bytes(a ^ b for a, b in zip(part, plain[16:]))
    counter = challenge[4:] + mine[4:]
    return Session(card, Sm3Des(derive(secret, 1, "3DES"), derive(secret, 2, "3DES"), counter))


class Curve:
    """y^2 = x^3 + ax + b over p, points as pairs; slow and plain."""

    def __init__(self, p, a, b, generator, order):
        self.p, self.a, self.b, self.generator, self.order = p, a, b, generator, order
        self.size = (p.bit_length() + 7) // 8

    def add(self, one, other):
        if one is None or other is None:
            return one or other
        (x1, y1), (x2, y2) = one, other
        if x1 == x2 and (y1 + y2) % self.p == 0:
            return None
        if one == other:
            slope = (3 * x1 * x1 + self.a) * pow(2 * y1, -1, self.p)
        else:
            slope = (y2 - y1) * pow(x2 - x1, -1, self.p)
        x = (slope * slope - x1 - x2) % self.p
        return x, (slope * (x1 - x) - y1) % self.p

    def times(self, scalar, point):
        result = None
        while scalar:
            if scalar & 1:
                result = self.add(result, point)
            point = self.add(point, point)
            scalar >>= 1
        return result

    def random(self):
        return int.from_bytes(os.urandom(self.size + 8), "big") % (self.order - 1) + 1

    def encode(self, point):
        return b"\x04" + b"".join(part.to_bytes(self.size, "big") for part in point)

    def decode(self, octets):
        assert octets[0] == 4 and len(octets) == 1 + 2 * self.size, "an uncompressed point"
        x, y = (int.from_bytes(octets[1 + n * self.size : 1 + (n + 1) * self.size], "big") for n in (0, 1))
        assert (y * y - x**3 - self.a * x - self.b) % self.p == 0, "a point of the curve"
        return x, y


P256 = Curve(
    2**256 - 2**224 + 2**192 + 2**96 - 1,
    -3,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    (
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
)

GM_AES_128 = bytes.fromhex("04007F00070202040202")


def pace(card, can):
    """PACE with the CAN, generic mapping over P-256 with AES-128: 9303-11 4.4.4."""
    curve = P256

    def step(data, last=False):
        command = bytes([0x00 if last else 0x10, 0x86, 0x00, 0x00])
        body = tlv("7C", data)
        return card.send(command + bytes([len(body)]) + body + b"\x00")

    body = tlv("80", GM_AES_128) + tlv("83", b"\x02") + tlv("84", b"\x0C")
    card.send(bytes.fromhex("0022C1A4") + bytes([len(body)]) + body)
    key = derive(can.encode(), 3, "AES-128")
    nonce = value(step(b""), "7C", "80")
    nonce = crypt(algorithms.AES(key), modes.CBC(bytes(16)), nonce, True)
    mapping = curve.random()
    other = curve.decode(value(step(tlv("81", curve.encode(curve.times(mapping, curve.generator)))), "7C", "82"))
    shared = curve.times(mapping, other)
    generator = curve.add(curve.times(int.from_bytes(nonce, "big"), curve.generator), shared)
    private = curve.random()
    mine = curve.encode(curve.times(private, generator))
    theirs = value(step(tlv("83", mine)), "7C", "84")
    assert theirs != mine, "a key of its own"
    secret = curve.times(private, curve.decode(theirs))[0].to_bytes(curve.size, "big")
    sm = SmAes(derive(secret, 1, "AES-128"), derive(secret, 2, "AES-128"))

    def token(point):
        worker = cmac.CMAC(algorithms.AES(sm.mac_key))
        worker.update(tlv("7F49", tlv("06", GM_AES_128) + tlv("86", point)))
        return worker.finalize()[:8]

    answer = value(step(tlv("85", token(theirs)), last=True), "7C", "86")
    assert answer == token(mine), "the card's token"
    return Session(card, sm)
