//! Certificate holder authorization template: type of terminal, role and rights. TR-03110-3 §C.1.5, TR-03110-4 §2.

use super::{CvcError, expect, finish, object_identifier};
use bitaqa_apdu::TerminalRight;
use bitaqa_apdu::tlv::{Reader, tlv};
use const_oid::ObjectIdentifier;

/// id-roles 0.4.0.127.0.7.3.1.2.x, TR-03110-4 §2.1.3.2, §2.2.3.2, §2.3.3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TerminalType {
    /// id-IS: border and police, one octet of role and rights.
    InspectionSystem,
    /// id-AT: eID application, five octets.
    AuthenticationTerminal,
    /// id-ST: eSign application, one octet.
    SignatureTerminal,
}

impl TerminalType {
    const ALL: [Self; 3] = [Self::InspectionSystem, Self::AuthenticationTerminal, Self::SignatureTerminal];

    /// Object identifier in the template.
    pub const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::InspectionSystem => ObjectIdentifier::new_unwrap("0.4.0.127.0.7.3.1.2.1"),
            Self::AuthenticationTerminal => ObjectIdentifier::new_unwrap("0.4.0.127.0.7.3.1.2.2"),
            Self::SignatureTerminal => ObjectIdentifier::new_unwrap("0.4.0.127.0.7.3.1.2.3"),
        }
    }

    /// Octets of role and rights.
    pub const fn authorization_bytes(self) -> usize {
        match self {
            Self::InspectionSystem | Self::SignatureTerminal => 1,
            Self::AuthenticationTerminal => 5,
        }
    }
}

/// The two highest bits of the first octet, TR-03110-4 table 2. The words are those for inspection systems; for the
/// other types of terminal the third row is the non-official DV.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Country verifying CA, C0.
    Cvca,
    /// Official domestic document verifier, 80.
    DvDomestic,
    /// Foreign document verifier, 40.
    DvForeign,
    /// The terminal itself, 00.
    Terminal,
}

impl Role {
    /// The bits in their octet.
    pub const fn bits(self) -> u8 {
        match self {
            Self::Cvca => 0xC0,
            Self::DvDomestic => 0x80,
            Self::DvForeign => 0x40,
            Self::Terminal => 0x00,
        }
    }

    /// From the octet that holds them; its other bits do not matter.
    pub const fn from_bits(octet: u8) -> Self {
        match octet & 0xC0 {
            0xC0 => Self::Cvca,
            0x80 => Self::DvDomestic,
            0x40 => Self::DvForeign,
            _ => Self::Terminal,
        }
    }

    /// Domestic or foreign document verifier.
    pub const fn is_dv(self) -> bool {
        matches!(self, Self::DvDomestic | Self::DvForeign)
    }
}

/// Rights of inspection systems, TR-03110-4 table 2: DG3 is bit 1, DG4 bit 2. Bits for future use are dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct InspectionRights(u8);

impl InspectionRights {
    /// Nothing beyond what every inspection system reads.
    pub const NONE: Self = Self(0);
    /// Fingerprints, DG3.
    pub const DG3: Self = Self(0x01);
    /// Irises, DG4.
    pub const DG4: Self = Self(0x02);
    /// Both.
    pub const ALL: Self = Self(0x03);

    /// From the octet of a template; role and bits for future use are dropped.
    pub const fn from_bits(octet: u8) -> Self {
        Self(octet & Self::ALL.0)
    }

    /// The bits in their octet.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// What both allow.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What either allows.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether these rights include the right that an access rule asks for.
    pub const fn allow(self, right: TerminalRight) -> bool {
        match right {
            TerminalRight::Any => true,
            TerminalRight::Dg3 => self.0 & Self::DG3.0 != 0,
            TerminalRight::Dg4 => self.0 & Self::DG4.0 != 0,
        }
    }
}

/// Type of terminal with role and rights, relative to the certificates above.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chat {
    terminal: TerminalType,
    authorization: Vec<u8>,
}

impl Chat {
    /// For inspection systems and the CAs above them.
    pub fn inspection(role: Role, rights: InspectionRights) -> Self {
        Self { terminal: TerminalType::InspectionSystem, authorization: vec![role.bits() | rights.bits()] }
    }

    /// For any type of terminal; `authorization` holds role and rights, 1 or 5 octets.
    ///
    /// # Errors
    /// [`CvcError::Authorization`] for another length.
    pub fn new(terminal: TerminalType, authorization: &[u8]) -> Result<Self, CvcError> {
        if authorization.len() != terminal.authorization_bytes() {
            return Err(CvcError::Authorization(authorization.len()));
        }
        Ok(Self { terminal, authorization: authorization.to_vec() })
    }

    /// Type of terminal.
    pub const fn terminal(&self) -> TerminalType {
        self.terminal
    }

    /// Role and rights as they stand, TR-03110-3 §C.1.5.
    pub fn authorization(&self) -> &[u8] {
        &self.authorization
    }

    /// Role.
    pub fn role(&self) -> Role {
        Role::from_bits(self.authorization.first().copied().unwrap_or_default())
    }

    /// Rights on the ePassport application; none for other types of terminal.
    pub fn inspection_rights(&self) -> InspectionRights {
        match (self.terminal, self.authorization.as_slice()) {
            (TerminalType::InspectionSystem, [octet]) => InspectionRights::from_bits(*octet),
            _ => InspectionRights::NONE,
        }
    }

    /// Value of 7F4C: `06 type, 53 role and rights`.
    pub fn encode(&self) -> Vec<u8> {
        [tlv(0x06, self.terminal.oid().as_bytes()), tlv(0x53, &self.authorization)].concat()
    }

    /// From the value of 7F4C.
    ///
    /// # Errors
    /// [`CvcError::TerminalType`], [`CvcError::Authorization`], and those of broken TLV.
    pub fn decode(value: &[u8]) -> Result<Self, CvcError> {
        let mut reader = Reader::new(value);
        let oid = object_identifier(expect(&mut reader, 0x06)?)?;
        let authorization = expect(&mut reader, 0x53)?;
        finish(reader, 0x7F4C)?;
        let terminal = TerminalType::ALL.into_iter().find(|terminal| terminal.oid() == oid);
        Self::new(terminal.ok_or(CvcError::TerminalType(oid))?, authorization)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_and_right_comes_back() {
        for role in [Role::Cvca, Role::DvDomestic, Role::DvForeign, Role::Terminal] {
            for rights in [InspectionRights::NONE, InspectionRights::DG3, InspectionRights::DG4, InspectionRights::ALL]
            {
                let chat = Chat::inspection(role, rights);
                assert_eq!(Chat::decode(&chat.encode()), Ok(chat.clone()));
                assert_eq!((chat.role(), chat.inspection_rights()), (role, rights));
            }
        }
    }

    #[test]
    fn bits_for_future_use_give_no_right() {
        let chat = Chat::new(TerminalType::InspectionSystem, &[0x3C]).unwrap();
        assert_eq!((chat.role(), chat.inspection_rights()), (Role::Terminal, InspectionRights::NONE));
        let other = Chat::new(TerminalType::SignatureTerminal, &[0x03]).unwrap();
        assert_eq!(other.inspection_rights(), InspectionRights::NONE);
    }

    #[test]
    fn defects_have_their_names() {
        let chat = Chat::inspection(Role::Cvca, InspectionRights::ALL).encode();
        assert_eq!(Chat::decode(&chat[..chat.len() - 3]), Err(CvcError::Missing(0x53)));
        assert_eq!(Chat::decode(&[chat.clone(), vec![0x53, 0]].concat()), Err(CvcError::Unexpected(0x7F4C)));
        let mut other = chat.clone();
        other[10] = 9;
        assert!(matches!(Chat::decode(&other), Err(CvcError::TerminalType(_))));
        assert_eq!(Chat::new(TerminalType::AuthenticationTerminal, &[0]), Err(CvcError::Authorization(1)));
    }
}
