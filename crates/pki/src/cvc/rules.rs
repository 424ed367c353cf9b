//! Who may issue what, which rights a chain leaves, and what a chip learns about the date: TR-03110-3 §2.5 and §2.7 as
//! plain functions, used by the chip and by whoever issues.

use super::{Chat, CvCertificate, InspectionRights, Role, TerminalType};
use time::Date;

/// What a chain of certificates violates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// CVCA issues CVCA and DV, DV issues terminals, terminals issue nothing.
    #[error("a {issuer:?} must not issue a certificate for a {holder:?}")]
    Role {
        /// Role above.
        issuer: Role,
        /// Role below.
        holder: Role,
    },
    /// All certificates of a chain are for one type of terminal.
    #[error("a certificate for {holder:?} under one for {issuer:?}")]
    TerminalType {
        /// Type above.
        issuer: TerminalType,
        /// Type below.
        holder: TerminalType,
    },
    /// The card's date is past the last day of validity.
    #[error("the certificate has expired on {0}")]
    Expired(Date),
}

/// Whether a certificate may stand under another one, TR-03110-3 §2.2 and §2.7.
///
/// # Errors
/// [`RuleError::Role`], [`RuleError::TerminalType`].
pub fn check_issue(issuer: &Chat, holder: &Chat) -> Result<(), RuleError> {
    if issuer.terminal() != holder.terminal() {
        return Err(RuleError::TerminalType { issuer: issuer.terminal(), holder: holder.terminal() });
    }
    match (issuer.role(), holder.role()) {
        (Role::Cvca, Role::Cvca | Role::DvDomestic | Role::DvForeign)
        | (Role::DvDomestic | Role::DvForeign, Role::Terminal) => Ok(()),
        (issuer, holder) => Err(RuleError::Role { issuer, holder }),
    }
}

/// The rights that remain for the last certificate of a chain: what all of them allow, TR-03110-3 §2.7. Only a terminal
/// gets any.
pub fn effective_rights<'a>(chain: impl IntoIterator<Item = &'a Chat>) -> InspectionRights {
    let mut rights = None;
    let mut last = None;
    for chat in chain {
        let allowed =
            rights.map_or(chat.inspection_rights(), |above: InspectionRights| above.and(chat.inspection_rights()));
        rights = Some(allowed);
        last = Some(chat.role());
    }
    match (last, rights) {
        (Some(Role::Terminal), Some(rights)) => rights,
        _ => InspectionRights::NONE,
    }
}

/// Whether a certificate is still good on the card's date. Link certificates are accepted after their end, so that a
/// card that lay in a drawer can catch up (TR-03110-3 §2.5).
///
/// # Errors
/// [`RuleError::Expired`].
pub fn check_expiry(certificate: &CvCertificate, current_date: Date) -> Result<(), RuleError> {
    let is_link = certificate.chat().role() == Role::Cvca;
    if !is_link && certificate.expiry() < current_date {
        return Err(RuleError::Expired(certificate.expiry()));
    }
    Ok(())
}

/// The card's date after a certificate was accepted: never earlier, and advanced only by those that are trusted to tell
/// the time: link certificates, DV certificates, and terminals of the domestic DV (TR-03110-3 §2.5).
pub fn date_after(current_date: Date, issuer: Role, certificate: &CvCertificate) -> Date {
    match (issuer, certificate.chat().role()) {
        (Role::Cvca, _) | (Role::DvDomestic, Role::Terminal) => current_date.max(certificate.effective()),
        _ => current_date,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 4] = [Role::Cvca, Role::DvDomestic, Role::DvForeign, Role::Terminal];

    fn chat(role: Role, rights: InspectionRights) -> Chat {
        Chat::inspection(role, rights)
    }

    /// Rows issue, columns are issued: CVCA, domestic DV, foreign DV, terminal.
    #[test]
    fn who_may_issue_whom() {
        let allowed = [
            [true, true, true, false],
            [false, false, false, true],
            [false, false, false, true],
            [false, false, false, false],
        ];
        for (row, issuer) in allowed.iter().zip(ROLES) {
            for (allowed, holder) in row.iter().zip(ROLES) {
                let verdict = check_issue(&chat(issuer, InspectionRights::ALL), &chat(holder, InspectionRights::ALL));
                assert_eq!(verdict.is_ok(), *allowed, "{issuer:?} -> {holder:?}");
            }
        }
        let other = Chat::new(TerminalType::SignatureTerminal, &[0x80]).unwrap();
        let verdict = check_issue(&chat(Role::Cvca, InspectionRights::ALL), &other);
        assert!(matches!(verdict, Err(RuleError::TerminalType { .. })));
    }

    #[test]
    fn rights_only_shrink_and_only_terminals_have_them() {
        let (all, dg3, dg4) = (InspectionRights::ALL, InspectionRights::DG3, InspectionRights::DG4);
        let chain = |rights: [InspectionRights; 3]| {
            let [cvca, dv, terminal] = rights;
            [chat(Role::Cvca, cvca), chat(Role::DvDomestic, dv), chat(Role::Terminal, terminal)]
        };
        assert_eq!(effective_rights(&chain([all, dg3, all])), dg3);
        assert_eq!(effective_rights(&chain([dg3, all, all])), dg3);
        assert_eq!(effective_rights(&chain([all, dg3, dg4])), InspectionRights::NONE);
        assert_eq!(effective_rights(&chain([all, all, all])), all);
        assert_eq!(effective_rights(&chain([all, all, all])[..2]), InspectionRights::NONE);
        assert_eq!(effective_rights([]), InspectionRights::NONE);
    }
}
