//! Rules of the chip's behaviour and of the channel to its security domain.

use super::Findings;
use crate::quirks::{AUTHENTICATION_FAILURES, LOGICAL_CHANNELS, STATUS_PAGE_BYTES, UNKNOWN_KEY_VERSIONS};
use crate::{Diversification, Profile, Scp};

/// Security levels of Amd D §7.1.2.1.
const SCP03_LEVELS: [u8; 5] = [0x01, 0x03, 0x11, 0x13, 0x33];
/// Parameters i of Amd D §5.1 without the bit 01 of S16: R-ENC goes with R-MAC.
const SCP03_PARAMETERS: [u8; 6] = [0x00, 0x10, 0x20, 0x30, 0x60, 0x70];
/// Bit of parameter i, Amd D §5.1: challenges, cryptograms and MACs of 16 octets.
const SCP03_S16: u8 = 0x01;
/// Security levels of GPC 2.3.1 §E.5.2 without those of responses: no parameter i below offers an R-MAC.
const SCP02_LEVELS: [u8; 2] = [0x01, 0x03];
/// Parameters i of GPC 2.3.1 §E.1.1 in use: three keys, ICV encrypted, explicit initiation, C-MAC on the modified
/// command; 55 with a pseudo-random challenge.
const SCP02_PARAMETERS: [u8; 2] = [0x15, 0x55];

impl Profile {
    /// Only what cards are known to do: a quirk that nobody has seen reproduces nothing.
    pub(super) fn check_quirks(&self, findings: &mut Findings) {
        let quirks = &self.chip.quirks;
        findings.unless(
            AUTHENTICATION_FAILURES.contains(&quirks.authentication_failure),
            "chip.quirks.authentication_failure",
            format!("{:04X} is no answer of cards to a wrong host cryptogram", quirks.authentication_failure),
            "write 0x6300, 0x6982 or 0x6988",
        );
        findings.unless(
            UNKNOWN_KEY_VERSIONS.contains(&quirks.unknown_key_version),
            "chip.quirks.unknown_key_version",
            format!("{:04X} is no answer of cards to an unknown key version", quirks.unknown_key_version),
            "write 0x6A88 or 0x6A86",
        );
        findings.unless(
            STATUS_PAGE_BYTES.contains(&quirks.status_page_bytes),
            "chip.quirks.status_page_bytes",
            "an answer to GET STATUS has room for one entry and fits a short response",
            "write 64 to 254",
        );
        findings.unless(
            LOGICAL_CHANNELS.contains(&quirks.logical_channels),
            "chip.quirks.logical_channels",
            "a card has the basic logical channel, and the class byte names 20 at most (7816-4 §5.4.1)",
            "write 1 to 20",
        );
    }

    /// The channel carries keys and personal data: what it offers must cover what it is asked for.
    pub(super) fn check_channel(&self, findings: &mut Findings) {
        match self.secure_channel.protocol {
            Scp::Scp02 => self.check_scp02(findings),
            Scp::Scp03 => self.check_scp03(findings),
        }
        let channel = &self.secure_channel;
        findings.unless(
            channel.level & 0x03 == 0x03,
            "secure_channel.level",
            "personal data would travel in clear: the level has no C-MAC with C-ENC",
            "write 0x33, or 0x03 for SCP02",
        );
        findings.unless(
            matches!(channel.transport.kvn, 0x01..=0x7F),
            "secure_channel.transport.kvn",
            "a key version number that PUT KEY can replace is 01 to 7F",
            "write 0x01",
        );
        for (key, scheme) in
            [("transport", &channel.transport.diversification), ("issuer", &channel.issuer.diversification)]
        {
            self.check_diversification(key, scheme, findings);
        }
    }

    fn check_scp03(&self, findings: &mut Findings) {
        let channel = &self.secure_channel;
        findings.unless(
            SCP03_LEVELS.contains(&channel.level),
            "secure_channel.level",
            format!("{:#04X} is no security level of SCP03", channel.level),
            "write 0x01, 0x03, 0x11, 0x13 or 0x33 (Amd D §7.1.2.1)",
        );
        findings.unless(
            SCP03_PARAMETERS.contains(&(channel.i & !SCP03_S16)),
            "secure_channel.i",
            format!("{:#04X} is no parameter i of SCP03", channel.i),
            "write 0x70: pseudo-random challenge, R-MAC and R-ENC; 0x71 for messages of 16 octets (Amd D §5.1)",
        );
        let r_mac_offered = channel.i & 0x20 != 0 || channel.level & 0x10 == 0;
        let r_enc_offered = channel.i & 0x40 != 0 || channel.level & 0x20 == 0;
        findings.unless(
            r_mac_offered && r_enc_offered,
            "secure_channel.level",
            format!("the level asks for response protection that i = {:#04X} does not offer", channel.i),
            "lower the level or set the bits 20 (R-MAC) and 40 (R-ENC) of i",
        );
        findings.unless(
            matches!(channel.issuer.kvn, 0x30..=0x3F) && channel.issuer.kvn != channel.transport.kvn,
            "secure_channel.issuer.kvn",
            "the issuer keys need a version number of SCP03, 30 to 3F, other than the transport keys have",
            "write 0x30",
        );
        findings.unless(
            matches!(channel.issuer.key_bytes, 16 | 24 | 32),
            "secure_channel.issuer.key_bytes",
            "an AES key has 16, 24 or 32 octets",
            "write 32",
        );
    }

    fn check_scp02(&self, findings: &mut Findings) {
        let channel = &self.secure_channel;
        findings.unless(
            SCP02_LEVELS.contains(&channel.level),
            "secure_channel.level",
            format!("{:#04X} is no security level of SCP02 without R-MAC", channel.level),
            "write 0x03 (GPC 2.3.1 §E.5.2)",
        );
        findings.unless(
            SCP02_PARAMETERS.contains(&channel.i),
            "secure_channel.i",
            format!("{:#04X} is no parameter i of SCP02 that is in use", channel.i),
            "write 0x15, or 0x55 for a pseudo-random challenge (GPC 2.3.1 §E.1.1)",
        );
        findings.unless(
            matches!(channel.issuer.kvn, 0x20..=0x2F) && channel.issuer.kvn != channel.transport.kvn,
            "secure_channel.issuer.kvn",
            "the issuer keys need a version number of SCP02, 20 to 2F, other than the transport keys have",
            "write 0x20",
        );
        findings.unless(
            channel.issuer.key_bytes == 16,
            "secure_channel.issuer.key_bytes",
            "a key of SCP02 is 3DES with two keys: 16 octets",
            "write 16",
        );
    }

    /// KDF3 is defined with AES, the schemes of EMV and VISA with 3DES.
    fn check_diversification(&self, key: &str, scheme: &Diversification, findings: &mut Findings) {
        let fits = match scheme {
            Diversification::None => true,
            Diversification::Kdf3 => self.secure_channel.protocol == Scp::Scp03,
            Diversification::Emv | Diversification::Visa2 | Diversification::Visa | Diversification::Template(_) => {
                self.secure_channel.protocol == Scp::Scp02
            }
        };
        findings.unless(
            fits,
            format!("secure_channel.{key}.diversification"),
            format!("{scheme} makes no keys of {}", self.secure_channel.protocol),
            "write kdf3 or none for SCP03; emv, visa2, visa, a template or none for SCP02",
        );
        if let Diversification::Template(text) = scheme {
            findings.unless(
                !text.trim().is_empty(),
                format!("secure_channel.{key}.diversification"),
                "the template is empty",
                "name each octet: $0 to $9 of the diversification data, $k for the key, 0xF0 for itself",
            );
        }
    }
}
