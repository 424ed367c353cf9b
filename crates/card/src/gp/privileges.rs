//! Privileges of an instance, GPC 2.3.1 §6.6 and Tables 11-7 to 11-9: three octets, and what may stand beside what.

use bitaqa_apdu::Sw;

/// One privilege: octet and bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Privilege {
    octet: usize,
    bit: u8,
}

/// Declares the privileges once: constant, place and name.
macro_rules! privileges {
    ($($(#[doc = $doc:literal])+ $name:ident = $octet:literal, $bit:literal;)+) => {
        impl Privilege {
            $($(#[doc = $doc])+ pub const $name: Self = Self { octet: $octet, bit: $bit };)+

            /// Every privilege with its name.
            pub const NAMED: &'static [(Self, &'static str)] = &[$((Self::$name, stringify!($name))),+];
        }
    };
}

privileges! {
    /// The instance is a security domain.
    SECURITY_DOMAIN = 0, 0x80;
    /// Verifies the signature of load files under its domain.
    DAP_VERIFICATION = 0, 0x40;
    /// Manages content with tokens of the issuer.
    DELEGATED_MANAGEMENT = 0, 0x20;
    /// May lock the card.
    CARD_LOCK = 0, 0x10;
    /// May terminate the card.
    CARD_TERMINATE = 0, 0x08;
    /// Selected by reset.
    CARD_RESET = 0, 0x04;
    /// Manages the card's global PIN.
    CVM_MANAGEMENT = 0, 0x02;
    /// Verifies the signature of every load file.
    MANDATED_DAP_VERIFICATION = 0, 0x01;
    /// Trusted path between applications.
    TRUSTED_PATH = 1, 0x80;
    /// Manages content by its own right.
    AUTHORIZED_MANAGEMENT = 1, 0x40;
    /// Verifies tokens.
    TOKEN_VERIFICATION = 1, 0x20;
    /// May delete any content.
    GLOBAL_DELETE = 1, 0x10;
    /// May lock any application.
    GLOBAL_LOCK = 1, 0x08;
    /// Sees every entry of the registry.
    GLOBAL_REGISTRY = 1, 0x04;
    /// Selected on a locked card.
    FINAL_APPLICATION = 1, 0x02;
    /// Offers a service to other applications.
    GLOBAL_SERVICE = 1, 0x01;
    /// Makes receipts.
    RECEIPT_GENERATION = 2, 0x80;
    /// Load files under its domain come ciphered.
    CIPHERED_LOAD_FILE = 2, 0x40;
    /// May activate applications on the contactless interface.
    CONTACTLESS_ACTIVATION = 2, 0x20;
    /// May activate itself on the contactless interface.
    CONTACTLESS_SELF_ACTIVATION = 2, 0x10;
}

/// The privileges of an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Privileges(pub [u8; 3]);

impl Privileges {
    /// Those of the issuer security domain: it manages by its own right, verifies tokens, and sees, locks and deletes
    /// everything (GPC 2.3.1 Table 6-2).
    pub const ISSUER: Self = Self([0x9E, 0xFE, 0x80]);

    /// Reads one or three octets.
    ///
    /// # Errors
    /// 6A80 for another length, reserved bits or a combination that GPC 2.3.1 §6.6.2 excludes.
    pub fn parse(octets: &[u8]) -> Result<Self, Sw> {
        let this = match *octets {
            [a] => Self([a, 0, 0]),
            [a, b, c] => Self([a, b, c]),
            _ => return Err(Sw::WRONG_DATA),
        };
        let [.., third] = this.0;
        let reserved = third & 0x0F;
        if reserved == 0 && this.is_consistent() { Ok(this) } else { Err(Sw::WRONG_DATA) }
    }

    /// Whether it is there.
    pub fn has(self, privilege: Privilege) -> bool {
        self.0.get(privilege.octet).is_some_and(|octet| octet & privilege.bit != 0)
    }

    /// With it.
    #[must_use]
    pub fn with(mut self, privilege: Privilege) -> Self {
        self.0.iter_mut().skip(privilege.octet).take(1).for_each(|octet| *octet |= privilege.bit);
        self
    }

    /// Without it.
    #[must_use]
    pub fn without(mut self, privilege: Privilege) -> Self {
        self.0.iter_mut().skip(privilege.octet).take(1).for_each(|octet| *octet &= !privilege.bit);
        self
    }

    /// What one privilege needs and what it excludes: management of content is a security domain's, either by its own
    /// right or delegated, and mandated DAP verification is a kind of DAP verification.
    fn is_consistent(self) -> bool {
        let of_domain = [
            Privilege::DAP_VERIFICATION,
            Privilege::DELEGATED_MANAGEMENT,
            Privilege::MANDATED_DAP_VERIFICATION,
            Privilege::AUTHORIZED_MANAGEMENT,
            Privilege::TOKEN_VERIFICATION,
            Privilege::RECEIPT_GENERATION,
            Privilege::CIPHERED_LOAD_FILE,
        ];
        let domain = self.has(Privilege::SECURITY_DOMAIN);
        let delegated = self.has(Privilege::DELEGATED_MANAGEMENT);
        (domain || !of_domain.iter().any(|privilege| self.has(*privilege)))
            && !(delegated && self.has(Privilege::AUTHORIZED_MANAGEMENT))
            && (self.has(Privilege::DAP_VERIFICATION) || !self.has(Privilege::MANDATED_DAP_VERIFICATION))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_privilege_is_a_bit_of_its_own() {
        let mut all = Privileges::default();
        for (privilege, name) in Privilege::NAMED {
            assert!(!all.has(*privilege), "{name} shares its bit");
            all = all.with(*privilege);
            assert!(all.has(*privilege) && !all.without(*privilege).has(*privilege));
        }
        assert_eq!((Privilege::NAMED.len(), all.0), (20, [0xFF, 0xFF, 0xF0]));
    }

    #[test]
    fn combinations_that_no_instance_has_are_refused() {
        for sound in [&[0x80][..], &[0xA0, 0, 0], &[0xC1, 0, 0], &[0x80, 0x40, 0], &[0x04], &[0, 2, 0], &[0x02]] {
            assert!(Privileges::parse(sound).is_ok(), "{sound:02X?}");
        }
        for bad in [&[][..], &[0, 0], &[0x40], &[0x20], &[0x81], &[0xA0, 0x40, 0], &[0, 0x40, 0], &[0, 0, 0x01]] {
            assert_eq!(Privileges::parse(bad), Err(Sw::WRONG_DATA), "{bad:02X?}");
        }
        assert!(Privileges::parse(&Privileges::ISSUER.0).is_ok());
    }
}
