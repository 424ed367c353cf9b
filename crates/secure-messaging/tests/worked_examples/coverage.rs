//! Whether each mechanism and each set of domain parameters that is spoken here has a case in the files of the table.

use crate::FILES;
use crate::case;
use bitaqa_curves::Domain;
use bitaqa_lds::security_infos;
use bitaqa_secure_messaging::{aa, ca, pace, ta};
use std::collections::BTreeSet;

/// Every `mechanism` of the table's files, with the parameter ids that its cases use.
fn covered() -> BTreeSet<(String, Option<u8>)> {
    let cases = FILES.iter().flat_map(|(file, _)| case::read(file));
    let with_mechanism = cases.filter(|case| case.has("mechanism"));
    let id = |case: &case::Case| case.maybe_number("parameter_id").map(|id| u8::try_from(id).unwrap());
    with_mechanism.map(|case| (case.text("mechanism").to_owned(), id(&case))).collect()
}

fn name(protocol: &const_oid::ObjectIdentifier) -> &'static str {
    security_infos::name(protocol).unwrap_or_else(|| panic!("{protocol} has no name"))
}

#[test]
fn every_mechanism_has_a_case() {
    let covered: BTreeSet<String> = covered().into_iter().map(|(mechanism, _)| mechanism).collect();
    let protocols = [pace::MECHANISMS, ca::MECHANISMS, ta::MECHANISMS].into_iter().flatten();
    let protocols = protocols.map(|protocol| name(protocol).to_owned());
    let active_authentication = aa::MECHANISMS.iter().map(ToString::to_string);
    let spoken = protocols.chain(active_authentication).chain(["BAC".to_owned()]);
    let missing: Vec<_> = spoken.filter(|mechanism| !covered.contains(mechanism)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

/// Each mapping of PACE on each group that it is defined for, and Chip Authentication on each group.
#[test]
fn every_parameter_id_has_a_case_with_each_mapping() {
    let covered = covered();
    let mut missing = Vec::new();
    for domain in Domain::STANDARDISED {
        let id = domain.parameter_id();
        let prefixes: &[&str] = match domain {
            Domain::Dh(_) => &["id-PACE-DH-GM-", "id-PACE-DH-IM-", "id-CA-DH-"],
            Domain::Ec(_) if domain.is_integrated_mapping_defined() => {
                &["id-PACE-ECDH-GM-", "id-PACE-ECDH-IM-", "id-PACE-ECDH-CAM-", "id-CA-ECDH-"]
            }
            Domain::Ec(_) => &["id-PACE-ECDH-GM-", "id-PACE-ECDH-CAM-", "id-CA-ECDH-"],
        };
        for prefix in prefixes {
            if !covered.iter().any(|(mechanism, with)| mechanism.starts_with(prefix) && *with == Some(id)) {
                missing.push(format!("{prefix}* on {domain} ({id})"));
            }
        }
    }
    assert!(missing.is_empty(), "no case for {missing:?}");
}
