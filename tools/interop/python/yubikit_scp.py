"""Yubico's host for SCP03 and SCP11 before a blank card, through PC/SC. It makes its own session keys, cryptograms and
receipts; certificates are made here with the `cryptography` package."""

import datetime

import yubikit.core.smartcard.scp as scp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from judge import Card, check, refuses
from yubikit.core import TRANSPORT, Tlv
from yubikit.core.smartcard import ApduError, SmartCardConnection
from yubikit.securitydomain import SecurityDomainSession

CURVE = ec.SECP256R1()
KVN = 3
SCP11A, SCP11B, SCP11C, CA_KLOC = 0x11, 0x13, 0x15, 0x10
SERIAL = 0xC35A
FACTORY = scp.StaticKeys(*[bytes(range(0x40, 0x50))] * 3)


class Connection(SmartCardConnection):
    """The card of pyscard as yubikit wants it."""

    usage = None

    def __init__(self):
        self.card = Card()

    @property
    def transport(self):
        return TRANSPORT.USB

    def close(self):
        self.card.connection.disconnect()

    def send_and_receive(self, apdu):
        return self.card.transmit(apdu)


class Domain(SecurityDomainSession):
    """GET DATA brings a data object with its tag, GPC 2.3.1 11.3.3. YubiKeys leave the outermost one out, and so does
    their host; this puts the difference right and nothing else."""

    def get_data(self, tag, data=b""):
        return Tlv.unpack(tag, super().get_data(tag, data))


def session(parameters=None):
    opened = Domain(Connection())
    if parameters:
        opened.authenticate(parameters)
    return opened


def factory():
    return session(scp.Scp03KeyParams(scp.KeyRef(1, 1), FACTORY))


def certificate(subject, issuer, key, signer, serial, is_ca):
    name = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    policy = x509.PolicyInformation(x509.ObjectIdentifier("1.2.840.114283.100.0.10.2.1.0"), None)
    start = datetime.datetime(2025, 1, 1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=3650))
        .add_extension(x509.KeyUsage(False, False, False, False, not is_ca, is_ca, False, False, False), True)
        .add_extension(x509.CertificatePolicies([policy]), True)
    )
    if is_ca:
        builder = builder.add_extension(x509.BasicConstraints(True, 0), True)
    return builder.sign(signer, hashes.SHA256())


ca, ka, oce, domain, stranger = (ec.generate_private_key(CURVE) for _ in range(5))
CHAIN = [
    certificate("Laboratory KA-KLOC", "Laboratory CA-KLOC", ka, ca, 0x0A02, True),
    certificate("Laboratory OCE", "Laboratory KA-KLOC", oce, ka, SERIAL, False),
]


def scp11(kid, card_key=None, host_key=None):
    mutual = {}
    if kid != SCP11B:
        mutual = dict(oce_ref=scp.KeyRef(CA_KLOC, KVN), sk_oce_ecka=host_key or oce, certificates=CHAIN)
    return scp.Scp11KeyParams(scp.KeyRef(kid, KVN), (card_key or domain).public_key(), **mutual)


@check("SCP03 opens with the published test key")
def _():
    assert scp.KeyRef(1, 1) in factory().get_key_information()


@check("SCP03: a host with another key is told before it spends a try")
def _():
    wrong = scp.StaticKeys(*[bytes(16)] * 3)
    refuses(session, scp.Scp03KeyParams(scp.KeyRef(1, 1), wrong))
    factory()


@check("PUT KEY of SCP11 keys and of the CA")
def _():
    opened = factory()
    for kid in (SCP11A, SCP11B, SCP11C):
        opened.put_key(scp.KeyRef(kid, KVN), domain)
    opened.put_key(scp.KeyRef(CA_KLOC, KVN), ca.public_key())
    known = opened.get_key_information()
    assert all(scp.KeyRef(kid, KVN) in known for kid in (SCP11A, SCP11B, SCP11C, CA_KLOC)), known


@check("STORE DATA of certificates, read back")
def _():
    opened = factory()
    opened.store_certificate_bundle(scp.KeyRef(SCP11A, KVN), CHAIN)
    assert opened.get_certificate_bundle(scp.KeyRef(SCP11A, KVN)) == CHAIN


@check("PUT KEY of AES keys, a channel with them, DELETE")
def _():
    keys = scp.StaticKeys(b"\x50" * 16, b"\x51" * 16, b"\x52" * 16)
    factory().put_key(scp.KeyRef(1, 0x30), keys)
    opened = session(scp.Scp03KeyParams(scp.KeyRef(1, 0x30), keys))
    assert scp.KeyRef(1, 0x30) in opened.get_key_information()
    factory().delete_key(kvn=0x30)
    refuses(session, scp.Scp03KeyParams(scp.KeyRef(1, 0x30), keys))


@check("SCP11b opens and obeys no stranger")
def _():
    opened = session(scp11(SCP11B))
    assert len(opened.get_key_information()) >= 4
    error = refuses(opened.delete_key, kvn=KVN)
    assert isinstance(error, ApduError) and error.sw == 0x6982, error


@check("SCP11a opens and is obeyed")
def _():
    keys = scp.StaticKeys(b"\x60" * 16, b"\x61" * 16, b"\x62" * 16)
    session(scp11(SCP11A)).put_key(scp.KeyRef(1, 0x31), keys)
    session(scp.Scp03KeyParams(scp.KeyRef(1, 0x31), keys))
    session(scp11(SCP11A)).delete_key(kvn=0x31)


@check("SCP11c opens and is obeyed")
def _():
    keys = scp.StaticKeys(b"\x70" * 16, b"\x71" * 16, b"\x72" * 16)
    session(scp11(SCP11C)).put_key(scp.KeyRef(1, 0x32), keys)
    session(scp11(SCP11C)).delete_key(kvn=0x32)


@check("the allow list lets in who is on it and nobody else")
def _():
    factory().store_allowlist(scp.KeyRef(SCP11A, KVN), [5, SERIAL])
    session(scp11(SCP11A)).get_key_information()
    factory().store_allowlist(scp.KeyRef(SCP11A, KVN), [5, 6])
    error = refuses(session, scp11(SCP11A))
    assert isinstance(error, ApduError), error
    factory().store_allowlist(scp.KeyRef(SCP11A, KVN), [SERIAL])
    session(scp11(SCP11A))


@check("an impostor without the certificate's key stays out")
def _():
    refuses(session, scp11(SCP11A, host_key=stranger))
    session(scp11(SCP11A))


@check("a card that is not the one of the key is told")
def _():
    refuses(session, scp11(SCP11B, card_key=stranger))
