//! What a chip is made as: the facts that its factory gives it, kept in the image so that an image stands alone.
//!
//! ```text
//! cell 0001   66 { 4F ISD AID   5F51 ATR   9F7F CPLC(42)   CF KDD(10)   90 i(1)   91 level(1)
//!                  { E4 { C4 package AID   84 module AID   92 native module name } }*   [E5 { quirks, see below }]
//!                  [93 longest command(4) ‖ longest response(4)] }
//!             E5 { 80 SW of a failed authentication(2)   81 SW of an unknown key version(2)   82 octets of a page of
//!                  GET STATUS(2)   83 logical channels(1)   84 tries of a key set(1)   85 flags(1) }
//! cell 0002   card life cycle(1)
//! ```

use bitaqa_apdu::tlv::{self, Reader, TlvError};
use bitaqa_apdu::{Aid, CHANNEL_MAX, Sw};
use bitaqa_profile::{DgiFlag, Diversification, LoadFile, Profile, Scp, SecureChannel};
use bitaqa_secure_messaging::KeyLength;
use bitaqa_secure_messaging::diversify::{self, DesScheme, Template};
use bitaqa_secure_messaging::scp03::KeySet;
use rand_core::CryptoRng;

use crate::gp::registry::CARD_MANAGER;
use crate::native::SECURITY_DOMAIN;
use crate::nvm::image::ImageError;
use crate::nvm::{CellId, Nvm};

pub(crate) const CONFIGURATION: CellId = CellId { owner: CARD_MANAGER, key: 0x0001 };
pub(crate) const LIFE_CYCLE: CellId = CellId { owner: CARD_MANAGER, key: 0x0002 };

/// A load file of the chip's factory: a native module under its AIDs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeModule {
    /// AID of the load file.
    pub package: Aid,
    /// AID of the module in it.
    pub module: Aid,
    /// Name of the code behind it; see [`crate::emrtd::NAME`].
    pub name: String,
}

/// The facts of one chip.
pub struct Configuration {
    /// AID of the issuer security domain.
    pub isd_aid: Aid,
    /// Answer to reset.
    pub atr: Vec<u8>,
    /// Card production life cycle data, GET DATA 9F7F.
    pub cplc: [u8; 42],
    /// Key diversification data, unique to the chip.
    pub kdd: [u8; 10],
    /// SCP03 i parameter.
    pub scp_i: u8,
    /// Lowest security level of a session that may change anything.
    pub level_min: u8,
    /// The native modules, in the load files of the factory.
    pub modules: Vec<NativeModule>,
    /// Where this chip differs from others of its kind.
    pub quirks: Quirks,
    /// Room for a command and for a response.
    pub buffers: Buffers,
}

/// Octets that the chip has room for at once. A longer command is answered 6700, as if it had not been understood; what
/// is longer as a response comes in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffers {
    /// The longest command, header and length fields counted.
    pub command_bytes: usize,
    /// The longest response, status word counted.
    pub response_bytes: usize,
}

impl Default for Buffers {
    /// The longest that length fields can say (7816-4 §5.2).
    fn default() -> Self {
        Self { command_bytes: 65_544, response_bytes: 65_538 }
    }
}

impl Buffers {
    /// Most octets of data in a response.
    pub fn ne_max(self) -> u32 {
        u32::try_from(self.response_bytes.saturating_sub(2)).unwrap_or(u32::MAX)
    }

    fn encode(self) -> Vec<u8> {
        let number = |octets: usize| u32::try_from(octets).unwrap_or(u32::MAX).to_be_bytes();
        [number(self.command_bytes), number(self.response_bytes)].concat()
    }

    fn decode(octets: &[u8]) -> Option<Self> {
        let numbers = octets.as_chunks::<4>().0;
        let number = |index: usize| usize::try_from(u32::from_be_bytes(*numbers.get(index)?)).ok();
        Some(Self { command_bytes: number(0)?, response_bytes: number(1)? })
    }
}

/// Answers and limits in which families of cards differ, as data: a field failure is reproduced by the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // each says yes or no to a thing of its own
pub struct Quirks {
    /// Answer to a failed EXTERNAL AUTHENTICATE: 6300, 6982 or 6988.
    pub authentication_failure: Sw,
    /// Answer to INITIALIZE UPDATE with an unknown key version: 6A88 or 6A86.
    pub unknown_key_version: Sw,
    /// Most octets of an answer to GET STATUS.
    pub status_page_bytes: u16,
    /// Logical channels, the basic one among them, 1 to 20.
    pub logical_channels: u8,
    /// Failed authentications until a key set is locked; 0: they are not counted.
    pub authentication_tries: u8,
    /// Whether INSTALL [for personalization] is known.
    pub personalization: bool,
    /// Whether STORE DATA of DGIs must say so in P1.
    pub dgi_flag_required: bool,
    /// Whether a DGI may go over several commands.
    pub dgi_chaining: bool,
    /// Whether 9000 without data carries an R-MAC.
    pub mac_on_empty_response: bool,
}

impl Default for Quirks {
    /// What the specifications say, or leave open without harm.
    fn default() -> Self {
        Self {
            authentication_failure: Sw::AUTHENTICATION_FAILED,
            unknown_key_version: Sw::REFERENCE_NOT_FOUND,
            status_page_bytes: 254,
            logical_channels: CHANNEL_MAX + 1,
            authentication_tries: 0,
            personalization: true,
            dgi_flag_required: false,
            dgi_chaining: true,
            mac_on_empty_response: true,
        }
    }
}

impl Quirks {
    fn of_profile(quirks: &bitaqa_profile::Quirks) -> Self {
        Self {
            authentication_failure: Sw(quirks.authentication_failure),
            unknown_key_version: Sw(quirks.unknown_key_version),
            status_page_bytes: u16::try_from(quirks.status_page_bytes).unwrap_or(u16::MAX),
            logical_channels: quirks.logical_channels,
            authentication_tries: quirks.authentication_tries,
            personalization: quirks.personalization,
            dgi_flag_required: quirks.dgi_flag == DgiFlag::Required,
            dgi_chaining: quirks.dgi_chaining,
            mac_on_empty_response: quirks.mac_on_empty_response,
        }
    }

    fn flags(&self) -> u8 {
        let flags = [self.personalization, self.dgi_flag_required, self.dgi_chaining, self.mac_on_empty_response];
        flags.iter().rev().fold(0, |octet, flag| octet << 1 | u8::from(*flag))
    }

    fn encode(&self) -> Vec<u8> {
        [
            tlv::tlv(0x80, &self.authentication_failure.0.to_be_bytes()),
            tlv::tlv(0x81, &self.unknown_key_version.0.to_be_bytes()),
            tlv::tlv(0x82, &self.status_page_bytes.to_be_bytes()),
            tlv::tlv(0x83, &[self.logical_channels]),
            tlv::tlv(0x84, &[self.authentication_tries]),
            tlv::tlv(0x85, &[self.flags()]),
        ]
        .concat()
    }

    fn decode(octets: &[u8]) -> Result<Option<Self>, TlvError> {
        let mut reader = Reader::new(octets);
        let word = |field: &[u8]| field.try_into().ok().map(u16::from_be_bytes);
        let failure = word(reader.expect(0x80)?);
        let unknown = word(reader.expect(0x81)?);
        let page = word(reader.expect(0x82)?);
        let channels = reader.expect(0x83)?.first().copied().filter(|number| (1..=CHANNEL_MAX + 1).contains(number));
        let tries = reader.expect(0x84)?.first().copied();
        let flags = reader.expect(0x85)?.first().copied();
        reader.finish()?;
        let all = || {
            let flag = |bit: u8| flags.map(|flags| flags & bit != 0);
            Some(Self {
                authentication_failure: Sw(failure?),
                unknown_key_version: Sw(unknown?),
                status_page_bytes: page?,
                logical_channels: channels?,
                authentication_tries: tries?,
                personalization: flag(0x01)?,
                dgi_flag_required: flag(0x02)?,
                dgi_chaining: flag(0x04)?,
                mac_on_empty_response: flag(0x08)?,
            })
        };
        Ok(all())
    }
}

/// A chip to be made: its facts, its memory and the transport keys it leaves the factory with.
pub struct ChipSpec {
    /// The facts.
    pub configuration: Configuration,
    /// Octets of memory.
    pub memory_bytes: usize,
    /// Key version of the transport keys.
    pub transport_kvn: u8,
    /// The transport keys.
    pub transport_keys: KeySet,
}

impl ChipSpec {
    /// A chip of a profile with its own serial number, drawn here: what its factory would do.
    ///
    /// # Errors
    /// [`KeyLength`] for transport keys of no AES length.
    pub fn of_profile(profile: &Profile, rng: &mut dyn CryptoRng) -> Result<Self, KeyLength> {
        let (channel, cplc) = (&profile.secure_channel, &profile.chip.cplc);
        let mut serial_and_batch = [0; 6];
        rng.fill_bytes(&mut serial_and_batch);
        let fields: [&[u8]; 12] = [
            &cplc.ic_fabricator.to_be_bytes(),
            &cplc.ic_type.to_be_bytes(),
            &cplc.os_id.to_be_bytes(),
            &cplc.os_date.to_be_bytes(),
            &cplc.os_level.to_be_bytes(),
            &[0; 2], // fabrication date: this chip was never fabricated
            &serial_and_batch,
            &cplc.module_fabricator.to_be_bytes(),
            &[0; 2],
            &cplc.icc_manufacturer.to_be_bytes(),
            &[0; 2],
            &cplc.pre_personaliser.to_be_bytes(),
        ];
        let mut octets = [0; 42];
        let written = octets.iter_mut().zip(fields.concat()).map(|(to, from)| *to = from).count();
        let personaliser = cplc.personaliser.to_be_bytes();
        // Date and equipment of pre-personalisation stay zero before the personaliser.
        octets.iter_mut().skip(written + 6).zip(personaliser).for_each(|(to, from)| *to = from);
        // The form that hosts know: fabricator, serial and batch, type.
        let mut kdd = [0; 10];
        let parts = [&cplc.ic_fabricator.to_be_bytes()[..], &serial_and_batch, &cplc.ic_type.to_be_bytes()].concat();
        kdd.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        let key = channel.transport.keys.octets();
        Ok(Self {
            configuration: Configuration {
                isd_aid: profile.chip.isd_aid.clone(),
                atr: profile.chip.atr.0.clone(),
                cplc: octets,
                kdd,
                scp_i: channel.i,
                level_min: channel.level,
                modules: factory_modules(profile),
                quirks: Quirks::of_profile(&profile.chip.quirks),
                buffers: Buffers {
                    command_bytes: profile.chip.max_command_bytes,
                    response_bytes: profile.chip.max_response_bytes,
                },
            },
            memory_bytes: profile.chip.memory_bytes,
            transport_kvn: channel.transport.kvn,
            transport_keys: factory_keys(channel, &key, &kdd)?,
        })
    }
}

/// The keys that the factory leaves on this chip, diversified as the profile says.
fn factory_keys(channel: &SecureChannel, key: &[u8], kdd: &[u8; 10]) -> Result<KeySet, KeyLength> {
    match (&channel.transport.diversification, channel.protocol) {
        (Diversification::None, Scp::Scp02) => KeySet::triple_des(key, key, key),
        (Diversification::None, Scp::Scp03) => KeySet::new(key, key, key),
        (Diversification::Kdf3, _) => diversify::kdf3(key, kdd),
        (Diversification::Emv, _) => diversify::des(DesScheme::Emv, key, kdd),
        (Diversification::Visa2, _) => diversify::des(DesScheme::Visa2, key, kdd),
        (Diversification::Visa, _) => diversify::des(DesScheme::Visa, key, kdd),
        // A template that cannot be read makes no key of any length.
        (Diversification::Template(text), _) => {
            text.parse().map_err(|_| KeyLength(0)).and_then(|template: Template| template.keys(key, kdd))
        }
    }
}

/// AID of the load file that GlobalPlatform cards have their security domains from, GPC 2.3.1 App. H.1.1.
pub const DOMAIN_PACKAGE: [u8; 7] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x53, 0x50];
/// AID of the module in it.
pub const DOMAIN_MODULE: [u8; 8] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x53, 0x50, 0x41];

/// What the chip of a profile has in its factory's load files.
fn factory_modules(profile: &Profile) -> Vec<NativeModule> {
    let emrtd = NativeModule {
        package: profile.emrtd.package_aid.clone(),
        module: profile.emrtd.module_aid.clone(),
        name: crate::emrtd::NAME.to_owned(),
    };
    let loaded = |file: &LoadFile, name: &str| NativeModule {
        package: file.package_aid.clone(),
        module: file.module_aid.clone(),
        name: name.to_owned(),
    };
    let files = &profile.chip.load_files;
    vec![emrtd, loaded(&files.application, crate::application::NAME), loaded(&files.security_domain, SECURITY_DOMAIN)]
}

impl Configuration {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let module = |native: &NativeModule| {
            let fields = [
                tlv::tlv(0xC4, native.package.as_bytes()),
                tlv::tlv(0x84, native.module.as_bytes()),
                tlv::tlv(0x92, native.name.as_bytes()),
            ];
            tlv::tlv(0xE4, &fields.concat())
        };
        let modules: Vec<u8> = self.modules.iter().flat_map(module).collect();
        let fields = [
            tlv::tlv(0x4F, self.isd_aid.as_bytes()),
            tlv::tlv(0x5F51, &self.atr),
            tlv::tlv(0x9F7F, &self.cplc),
            tlv::tlv(0xCF, &self.kdd),
            tlv::tlv(0x90, &[self.scp_i]),
            tlv::tlv(0x91, &[self.level_min]),
            modules,
            tlv::tlv(0xE5, &self.quirks.encode()),
            tlv::tlv(0x93, &self.buffers.encode()),
        ];
        tlv::tlv(0x66, &fields.concat())
    }

    pub(crate) fn load(nvm: &Nvm) -> Result<Self, ImageError> {
        let missing = ImageError::Content("the chip's configuration cannot be read");
        match nvm.get(CONFIGURATION).map(Self::decode) {
            Some(Ok(Some(configuration))) => Ok(configuration),
            _ => Err(missing),
        }
    }

    fn decode(octets: &[u8]) -> Result<Option<Self>, TlvError> {
        let mut reader = Reader::new(tlv::only(octets, 0x66)?);
        let isd_aid = Aid::new(reader.expect(0x4F)?).ok();
        let atr = reader.expect(0x5F51)?.to_vec();
        let cplc = reader.expect(0x9F7F)?.try_into().ok();
        let kdd = reader.expect(0xCF)?.try_into().ok();
        let scp_i = reader.expect(0x90)?.first().copied();
        let level_min = reader.expect(0x91)?.first().copied();
        let mut modules = Some(Vec::new());
        while let Some(module) = reader.optional(0xE4)? {
            modules = modules.zip(native_module(module)?).map(|(mut all, one)| {
                all.push(one);
                all
            });
        }
        // Chips that were made before quirks were data have none.
        let quirks = match reader.optional(0xE5)? {
            Some(quirks) => Quirks::decode(quirks)?,
            None => Some(Quirks::default()),
        };
        // Older images are of chips whose buffers had no end.
        let buffers = reader.optional(0x93)?.map_or(Some(Buffers::default()), Buffers::decode);
        reader.finish()?;
        let all = || {
            let (isd_aid, cplc, kdd, scp_i) = (isd_aid?, cplc?, kdd?, scp_i?);
            let (level_min, modules, quirks, buffers) = (level_min?, modules?, quirks?, buffers?);
            Some(Self { isd_aid, atr, cplc, kdd, scp_i, level_min, modules, quirks, buffers })
        };
        Ok(all())
    }
}

fn native_module(octets: &[u8]) -> Result<Option<NativeModule>, TlvError> {
    let mut fields = Reader::new(octets);
    let package = Aid::new(fields.expect(0xC4)?).ok();
    let module = Aid::new(fields.expect(0x84)?).ok();
    let name = String::from_utf8(fields.expect(0x92)?.to_vec()).ok();
    fields.finish()?;
    let all = || Some(NativeModule { package: package?, module: module?, name: name? });
    Ok(all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::ChaCha20Rng};

    #[test]
    fn two_chips_of_a_profile_differ_in_serial_number_only() {
        let profile = Profile::builtin("cnie-2.0").unwrap();
        let chip = |seed| ChipSpec::of_profile(&profile, &mut ChaCha20Rng::seed_from_u64(seed)).unwrap().configuration;
        let (one, other) = (chip(1), chip(2));
        assert_ne!(one.kdd, other.kdd);
        assert_eq!(
            (one.cplc[..12].to_vec(), one.cplc[18..].to_vec()),
            (other.cplc[..12].to_vec(), other.cplc[18..].to_vec())
        );
        assert_eq!(one.cplc[34..36], profile.chip.cplc.personaliser.to_be_bytes());
        assert_eq!(one.kdd[2..8], one.cplc[12..18]);
    }

    #[test]
    fn the_configuration_goes_both_ways() {
        let aid = |text| Aid::from_hex(text).unwrap();
        let configuration = Configuration {
            isd_aid: aid("A000000151000000"),
            atr: vec![0x3B, 0x80, 0x80, 0x01, 0x01],
            cplc: [7; 42],
            kdd: [9; 10],
            scp_i: 0x70,
            level_min: 0x33,
            modules: vec![
                NativeModule { package: aid("A00000024710"), module: aid("A0000002471001"), name: "emrtd".into() },
                NativeModule { package: aid("A00000024711"), module: aid("A0000002471101"), name: "other".into() },
            ],
            quirks: Quirks {
                authentication_failure: Sw(0x6988),
                unknown_key_version: Sw(0x6A86),
                status_page_bytes: 128,
                logical_channels: 4,
                authentication_tries: 10,
                personalization: false,
                dgi_flag_required: true,
                dgi_chaining: false,
                mac_on_empty_response: true,
            },
            buffers: Buffers { command_bytes: 2048, response_bytes: 1024 },
        };
        let again = Configuration::decode(&configuration.encode()).unwrap().unwrap();
        assert_eq!(again.encode(), configuration.encode());
        assert_eq!((again.isd_aid, again.kdd, again.scp_i), (configuration.isd_aid, [9; 10], 0x70));
        assert_eq!((again.modules, again.quirks), (configuration.modules, configuration.quirks));
        assert_eq!(again.buffers, configuration.buffers);
    }
}
