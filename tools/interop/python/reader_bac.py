"""A card with BAC, read and judged by hand: passive and active authentication with foreign libraries alone."""

import hashlib
import os

from asn1crypto import cms, core, x509
from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_public_key
from judge import Card, Refused, check, refuses
from reader import bac, value

LINES = open("applicant/mrz.txt").read().split()
GROUPS = {1: "0101", 2: "0102", 14: "010E", 15: "010F"}
seen = {}


class DataGroupHash(core.Sequence):
    _fields = [("number", core.Integer), ("hash", core.OctetString)]


class DataGroupHashes(core.SequenceOf):
    _child_spec = DataGroupHash


class SecurityObject(core.Sequence):
    _fields = [("version", core.Integer), ("algorithm", x509.AnyAlgorithmIdentifier), ("hashes", DataGroupHashes)]


@check("a stranger reads nothing")
def _():
    card = Card()
    card.send(bytes.fromhex("00A4040C07A0000002471001"))
    card.send(bytes.fromhex("00B0810000"), 0x6982)


@check("BAC with a wrong MRZ is refused")
def _():
    wrong = [LINES[0], "000101" + LINES[1][6:]]
    assert isinstance(refuses(bac, Card(), wrong), Refused)


@check("BAC by hand, all files under 3DES")
def _():
    session = bac(Card(), LINES)
    seen["COM"], seen["SOD"] = session.read("011E"), session.read("011D")
    for number, fid in GROUPS.items():
        seen[number] = session.read(fid)
    assert value(seen["COM"], "60", "5C") == bytes([0x61, 0x75, 0x6E, 0x6F])


@check("DG1 is the printed MRZ")
def _():
    assert value(seen[1], "61", "5F1F").decode() == "".join(LINES)


@check("EF.SOD: hashes of the groups")
def _():
    content = cms.ContentInfo.load(value(seen["SOD"], "77"), strict=True)["content"]
    signed = content["encap_content_info"]["content"].contents
    assert content["encap_content_info"]["content_type"].dotted == "2.23.136.1.1.1"
    found = SecurityObject.load(signed, strict=True)
    wanted = {entry["number"].native: entry["hash"].native for entry in found["hashes"]}
    algorithm = found["algorithm"]["algorithm"].native
    assert wanted == {number: hashlib.new(algorithm, seen[number]).digest() for number in GROUPS}, "hashes"


@check("EF.SOD: signature, and the signer's certificate under the CSCA")
def _():
    content = cms.ContentInfo.load(value(seen["SOD"], "77"), strict=True)["content"]
    signer = content["signer_infos"][0]
    signed = content["encap_content_info"]["content"].contents
    attributes = {attribute["type"].native: attribute["values"][0].native for attribute in signer["signed_attrs"]}
    assert attributes["message_digest"] == hashlib.sha256(signed).digest(), "message digest"
    ds = certificates.load_der_x509_certificate(content["certificates"][0].chosen.dump())
    csca = certificates.load_der_x509_certificate(open("pki/csca/csca.cer", "rb").read())
    octets = signer["signed_attrs"].untag().dump(force=True)
    ds.public_key().verify(signer["signature"].native, octets, padding.PKCS1v15(), hashes.SHA256())
    ds.verify_directly_issued_by(csca)


@check("Active Authentication, RSA of ISO/IEC 9796-2")
def _():
    session = bac(Card(), LINES)
    challenge = os.urandom(8)
    signature = session.send(0x88, 0, 0, challenge, ne=256)
    numbers = load_der_public_key(value(seen[15], "6F")).public_numbers()
    message = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(numbers.n.bit_length() // 8, "big")
    assert message[0] == 0x6A and message[-2:] == b"\x34\xCC", message.hex()
    part, digest = message[1:-34], message[-34:-2]
    assert digest == hashlib.sha256(part + challenge).digest(), "digest"
