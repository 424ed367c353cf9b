//! Files that say how a chip is trusted: DG14, DG15, EF.CardAccess, EF.SOD.

use bitaqa_lds::card_access::CardAccess;
use bitaqa_lds::dg14::Dg14;
use bitaqa_lds::dg15::Dg15;
use bitaqa_lds::security_infos::{SecurityInfo, SecurityInfos};
use bitaqa_pki::sod::Sod;
use serde_json::{Value, json};

use super::Reading;

fn infos(infos: &SecurityInfos) -> Value {
    let all = infos.infos.iter().map(|info| {
        let protocol = info.protocol().to_string();
        match info {
            SecurityInfo::Pace(info) => {
                json!({
                    "type": "PACEInfo", "protocol": protocol, "version": info.version,
                    "parameter_id": info.parameter_id,
                })
            }
            SecurityInfo::PaceDomainParameter(info) => {
                json!({ "type": "PACEDomainParameterInfo", "protocol": protocol, "parameter_id": info.parameter_id })
            }
            SecurityInfo::ChipAuthentication(info) => {
                json!({
                    "type": "ChipAuthenticationInfo", "protocol": protocol, "version": info.version,
                    "key_id": info.key_id,
                })
            }
            SecurityInfo::ChipAuthenticationPublicKey(info) => {
                let bytes = info.public_key.len();
                json!({
                    "type": "ChipAuthenticationPublicKeyInfo", "protocol": protocol, "key_id": info.key_id,
                    "public_key_bytes": bytes,
                })
            }
            SecurityInfo::TerminalAuthentication(info) => {
                json!({ "type": "TerminalAuthenticationInfo", "protocol": protocol, "version": info.version })
            }
            SecurityInfo::ActiveAuthentication(info) => json!({
                "type": "ActiveAuthenticationInfo", "protocol": protocol, "version": info.version,
                "signature_algorithm": info.signature_algorithm.to_string(),
            }),
            SecurityInfo::Unknown { .. } => json!({ "protocol": protocol }),
        }
    });
    json!({ "security_infos": all.collect::<Vec<_>>() })
}

/// SecurityInfos of the eMRTD.
pub fn dg14(octets: &[u8]) -> Result<Reading, String> {
    let group = Dg14::decode(octets).map_err(|error| error.to_string())?;
    Ok(Reading::new("DG14", infos(&group.infos)))
}

/// Key of Active Authentication.
pub fn dg15(octets: &[u8]) -> Result<Reading, String> {
    let group = Dg15::decode(octets).map_err(|error| error.to_string())?;
    let mut reading = Reading::new("DG15", json!({ "public_key_bytes": group.public_key().len() }));
    reading.parts.push(("public-key.der".to_owned(), group.public_key().to_vec()));
    Ok(reading)
}

/// SecurityInfos before any protocol.
pub fn card_access(octets: &[u8]) -> Result<Reading, String> {
    let file = CardAccess::decode(octets).map_err(|error| error.to_string())?;
    Ok(Reading::new("EF.CardAccess", infos(&file.infos)))
}

/// Hashes and signer; nothing is verified here.
pub fn sod(octets: &[u8]) -> Result<Reading, String> {
    let sod = Sod::parse(octets).map_err(|error| error.to_string())?;
    let object = sod.security_object();
    let hashes = (1..=16)
        .filter_map(|number| Some(json!({ "data_group": number, "hash": hex::encode_upper(object.digest(number)?) })));
    let certificate = sod.document_signer();
    let fields = json!({
        "hash_algorithm": object.hash.to_string(),
        "hashes": hashes.collect::<Vec<_>>(),
        "document_signer_serial": hex::encode_upper(certificate.serial()),
        "verified": false,
    });
    let mut reading = Reading::new("EF.SOD", fields);
    reading.notes.extend(sod.notes().iter().map(ToString::to_string));
    reading.parts.push(("document-signer.cer".to_owned(), certificate.der().to_vec()));
    Ok(reading)
}
