//! Contents of the eID's files: certificates over the card's keys, and the directories of ISO/IEC 7816-15.

use bitaqa_apdu::application::ALGORITHM_ECDSA;
use bitaqa_apdu::public_key::CardPublicKey;
use bitaqa_apdu::{Bytes, tlv};
use bitaqa_curves::Point;
use bitaqa_lds::LdsError;
use bitaqa_lds::card_access::CardAccess;
use bitaqa_lds::cia::{
    AlgorithmInfo, ApplicationTemplate, CardFlags, CardInfo, Certificate as CertificateEntry, DirectoryKind, KeyAccess,
    KeyKind, KeyUsage, ObjectDirectory, Operations, Password, PasswordFlags, PrivateKey, PublicKey as PublicKeyEntry,
};
use bitaqa_lds::security_infos::{ObjectIdentifier, SecurityInfos};
use bitaqa_pki::PublicKey;
use bitaqa_pki::issuer_keys::last_instant;
use bitaqa_pki::rsa::RsaPublicKey;
use bitaqa_pki::spki::{self, Form};
use bitaqa_pki::x509::{HolderKey, HolderRequest, Period, issue_holder};
use bitaqa_profile::{Eid, EidAlgorithm, EidContent, EidFile, EidKey, EidUse, Pin};
use time::{Time, UtcDateTime};

use super::{EidError, Order, curve, key_bits, serial_number};
use crate::card_keys::{CardKeyError, CardKeys};
use crate::content;

/// Mechanisms of PKCS #11 v2.40: CKM_RSA_PKCS and CKM_ECDSA.
const MECHANISM_RSA: u16 = 0x0001;
const MECHANISM_ECDSA: u16 = 0x1041;
/// Curves, RFC 5480 §2.1.1.1.
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// Longest common name in a certificate, RFC 5280 App. A.
const NAME_MAX: usize = 64;

impl Order<'_> {
    /// Every file of the profile with its content.
    pub(super) fn files<'e>(&self, eid: &'e Eid, keys: &CardKeys) -> Result<Vec<(&'e EidFile, Bytes)>, EidError> {
        eid.files.iter().map(|file| Ok((file, self.content(eid, file, keys)?))).collect()
    }

    fn content(&self, eid: &Eid, file: &EidFile, keys: &CardKeys) -> Result<Bytes, EidError> {
        let in_file = |source: LdsError| EidError::Lds { file: file.name.clone(), source };
        let of_use = |usage: EidUse| eid.key(usage).ok_or(EidError::CardKey(CardKeyError::Missing(0)));
        let written = match file.content {
            EidContent::CardAccess => {
                let infos = SecurityInfos::new(content::pace_infos(self.profile)).map_err(in_file)?;
                CardAccess { infos }.encode()
            }
            EidContent::Dir => {
                let entry = ApplicationTemplate { aid: eid.instance_aid.clone(), label: eid.label.clone() };
                ApplicationTemplate::encode_all(&[entry])
            }
            EidContent::ObjectDirectory => ObjectDirectory::encode_all(&object_directory(eid)),
            EidContent::CardInfo => self.card_info(eid).encode(),
            EidContent::AuthenticationObjects => {
                Password::encode_all(&eid.pins.iter().map(|pin| password(eid, pin)).collect::<Vec<_>>())
            }
            EidContent::PrivateKeys => PrivateKey::encode_all(&eid.keys.iter().map(private_key).collect::<Vec<_>>()),
            EidContent::PublicKeys => {
                PublicKeyEntry::encode_all(&eid.keys.iter().map(|key| public_key_entry(eid, key)).collect::<Vec<_>>())
            }
            EidContent::Certificates => {
                let entry = |key: &EidKey| certificate_entry(eid, key);
                CertificateEntry::encode_all(&eid.keys.iter().map(entry).collect::<Vec<_>>())
            }
            EidContent::AuthenticationCertificate => return self.certificate(of_use(EidUse::Authenticate)?, keys),
            EidContent::SignatureCertificate => return self.certificate(of_use(EidUse::Sign)?, keys),
            EidContent::AuthenticationPublicKey => return key_file(of_use(EidUse::Authenticate)?, keys),
            EidContent::SignaturePublicKey => return key_file(of_use(EidUse::Sign)?, keys),
        };
        written.map_err(in_file)
    }

    fn card_info(&self, eid: &Eid) -> CardInfo {
        CardInfo {
            serial_number: serial_number(&self.tag, self.vault),
            manufacturer: "bitaqa".into(),
            label: eid.label.clone(),
            flags: CardFlags::READ_ONLY.and(CardFlags::AUTH_REQUIRED).and(CardFlags::GENERATION),
            algorithms: eid.keys.iter().map(algorithm_info).collect(),
        }
    }

    /// The certificate over the key that the card made. Serial number and dates come out of the order, so that one that
    /// was cut off makes the same certificate again.
    fn certificate(&self, key: &EidKey, keys: &CardKeys) -> Result<Bytes, EidError> {
        let (ca, signer) = self.issuer.holder_ca().ok_or(EidError::NoCa)?;
        let issued = UtcDateTime::new(self.applicant.issue_date(), Time::MIDNIGHT);
        let expires = UtcDateTime::new(self.applicant.expiry_date(), Time::MIDNIGHT);
        let not_before = issued.max(ca.not_before());
        let not_after = last_instant(issued, key.validity_months)?.min(expires).min(ca.not_after());
        if not_after <= not_before {
            return Err(EidError::CaExpired);
        }
        let latin = &self.applicant.names().latin;
        let name: String = format!("{} {}", latin.given, latin.surname).chars().take(NAME_MAX).collect();
        let request = HolderRequest {
            country: "MA",
            common_name: name.trim(),
            document_number: self.applicant.document_number().trim_end_matches('<'),
            public_key: &public_key(key.number, key.algorithm, keys)?,
            validity: Period { not_before, not_after },
            usage: match key.usage {
                EidUse::Authenticate => HolderKey::Authentication,
                EidUse::Sign => HolderKey::Signature,
            },
            serial: *self.vault.derive("serial number of a certificate", &[&self.tag, &[key.number]]),
        };
        Ok(issue_holder(&request, ca, signer)?.der().into())
    }
}

/// The key that the card made, as one that verifies.
///
/// # Errors
/// [`CardKeyError`] for a key that is not there, or of another kind than the profile asks for.
pub fn public_key(number: u8, algorithm: EidAlgorithm, keys: &CardKeys) -> Result<PublicKey, CardKeyError> {
    let missing = CardKeyError::Missing(number);
    match (curve(algorithm), keys.get(&number)) {
        (Some(curve), Some(CardPublicKey::Point(point))) => {
            let point = Point::decode(curve, point);
            Ok(point.map_err(|source| CardKeyError::Group { number, source })?.into())
        }
        (None, Some(CardPublicKey::Rsa { modulus, exponent }))
            if modulus.len() * 8 == usize::from(key_bits(algorithm)) =>
        {
            let key_of_card = RsaPublicKey::new(modulus, exponent);
            Ok(key_of_card.map_err(|source| CardKeyError::Rsa { number, source })?.into())
        }
        _ => Err(missing),
    }
}

/// The public key in a file of its own: `SubjectPublicKeyInfo` of a curve, which names it; `RSAPublicKey` of RSA.
fn key_file(key: &EidKey, keys: &CardKeys) -> Result<Bytes, EidError> {
    let info = spki::encode_key(&public_key(key.number, key.algorithm, keys)?, Form::Named)?;
    if curve(key.algorithm).is_some() {
        return Ok(info.into());
    }
    let bits = tlv::only(&info, 0x30).and_then(|fields| tlv::find(fields, 0x03));
    let bits = bits.map_err(LdsError::from).map_err(|source| EidError::Lds { file: key.label.clone(), source })?;
    // The first octet of a BIT STRING counts unused bits.
    Ok(bits.unwrap_or_default().get(1..).unwrap_or_default().into())
}

fn object_directory(eid: &Eid) -> Vec<ObjectDirectory> {
    let entries = [
        (EidContent::AuthenticationObjects, DirectoryKind::Authentication),
        (EidContent::PrivateKeys, DirectoryKind::PrivateKeys),
        (EidContent::PublicKeys, DirectoryKind::PublicKeys),
        (EidContent::Certificates, DirectoryKind::Certificates),
    ];
    let entry = |(content, kind)| Some(ObjectDirectory { kind, fid: eid.file(content)?.fid });
    entries.into_iter().filter_map(entry).collect()
}

fn password(eid: &Eid, pin: &Pin) -> Password {
    let unblocks = eid.pins.iter().any(|other| other.unblocked_by == pin.number);
    let reference = super::reference_data(pin, super::padding(eid));
    let flags = PasswordFlags::LOCAL.and(PasswordFlags::INITIALIZED);
    let flags = if reference.padding.is_some() { flags.and(PasswordFlags::NEEDS_PADDING) } else { flags };
    let more = if unblocks { PasswordFlags::UNBLOCKING.and(PasswordFlags::UNBLOCK_DISABLED) } else { flags };
    Password {
        label: pin.label.clone(),
        id: pin.number,
        unblocked_by: (pin.unblocked_by != 0).then_some(pin.unblocked_by),
        flags: flags.and(more),
        digits_min: pin.digits_min,
        digits_max: pin.digits_max,
        reference: reference.p2(),
        padding: reference.padding,
    }
}

fn private_key(key: &EidKey) -> PrivateKey {
    let kind = if curve(key.algorithm).is_some() { KeyKind::Ec } else { KeyKind::Rsa };
    let made_here = KeyAccess::ALWAYS_SENSITIVE.and(KeyAccess::NEVER_EXTRACTABLE).and(KeyAccess::LOCAL);
    PrivateKey {
        label: key.label.clone(),
        id: key.number,
        auth_id: key.pin,
        user_consent: key.every_use.then_some(1),
        usage: match key.usage {
            EidUse::Authenticate => KeyUsage::SIGN,
            EidUse::Sign => KeyUsage::SIGN.and(KeyUsage::NON_REPUDIATION),
        },
        access: KeyAccess::SENSITIVE.and(made_here),
        reference: key.number,
        // A list would leave PKCS #11 with the mechanisms in it, none of which hashes.
        algorithms: Vec::new(),
        kind: kind(key_bits(key.algorithm)),
    }
}

fn public_key_entry(eid: &Eid, key: &EidKey) -> PublicKeyEntry {
    let content = match key.usage {
        EidUse::Authenticate => EidContent::AuthenticationPublicKey,
        EidUse::Sign => EidContent::SignaturePublicKey,
    };
    PublicKeyEntry {
        label: key.label.clone(),
        id: key.number,
        usage: KeyUsage::VERIFY,
        reference: key.number,
        fid: eid.file(content).map_or(0, |file| file.fid),
        modulus_bits: curve(key.algorithm).is_none().then(|| key_bits(key.algorithm)),
    }
}

fn certificate_entry(eid: &Eid, key: &EidKey) -> CertificateEntry {
    let content = match key.usage {
        EidUse::Authenticate => EidContent::AuthenticationCertificate,
        EidUse::Sign => EidContent::SignatureCertificate,
    };
    let fid = eid.file(content).map_or(0, |file| file.fid);
    CertificateEntry { label: key.label.clone(), id: key.number, authority: false, fid }
}

/// The algorithm of a key, under the key's number as reference.
fn algorithm_info(key: &EidKey) -> AlgorithmInfo {
    let (mechanism, curve, card_reference) = match key.algorithm {
        EidAlgorithm::P256 => (MECHANISM_ECDSA, Some(SECP256R1), Some(ALGORITHM_ECDSA)),
        EidAlgorithm::P384 => (MECHANISM_ECDSA, Some(SECP384R1), Some(ALGORITHM_ECDSA)),
        EidAlgorithm::Rsa2048 | EidAlgorithm::Rsa3072 => (MECHANISM_RSA, None, None),
    };
    AlgorithmInfo { reference: key.number, mechanism, curve, operations: Operations::COMPUTE_SIGNATURE, card_reference }
}
