//! What a chip is made as: the facts that its factory gives it, kept in the image so that an image stands alone.
//!
//! ```text
//! cell 0001   66 { 4F ISD AID   5F51 ATR   9F7F CPLC(42)   CF KDD(10)   90 i(1)   91 level(1)
//!                  E4 { C4 package AID   84 module AID   92 native module name } }
//! cell 0002   card life cycle(1)
//! ```

use bitaqa_apdu::Aid;
use bitaqa_apdu::tlv::{self, Reader, TlvError};
use bitaqa_profile::Profile;
use bitaqa_secure_messaging::KeyLength;
use bitaqa_secure_messaging::scp03::KeySet;
use rand_core::CryptoRng;

use crate::gp::registry::CARD_MANAGER;
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
    /// The native module.
    pub module: NativeModule,
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
        let (channel, cplc, emrtd) = (&profile.secure_channel, &profile.chip.cplc, &profile.emrtd);
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
                module: NativeModule {
                    package: emrtd.package_aid.clone(),
                    module: emrtd.module_aid.clone(),
                    name: crate::emrtd::NAME.to_owned(),
                },
            },
            memory_bytes: profile.chip.memory_bytes,
            transport_kvn: channel.transport.kvn,
            transport_keys: KeySet::new(&key, &key, &key)?,
        })
    }
}

impl Configuration {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let module = [
            tlv::tlv(0xC4, self.module.package.as_bytes()),
            tlv::tlv(0x84, self.module.module.as_bytes()),
            tlv::tlv(0x92, self.module.name.as_bytes()),
        ];
        let fields = [
            tlv::tlv(0x4F, self.isd_aid.as_bytes()),
            tlv::tlv(0x5F51, &self.atr),
            tlv::tlv(0x9F7F, &self.cplc),
            tlv::tlv(0xCF, &self.kdd),
            tlv::tlv(0x90, &[self.scp_i]),
            tlv::tlv(0x91, &[self.level_min]),
            tlv::tlv(0xE4, &module.concat()),
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
        let mut module = Reader::new(reader.expect(0xE4)?);
        let package = Aid::new(module.expect(0xC4)?).ok();
        let module_aid = Aid::new(module.expect(0x84)?).ok();
        let name = String::from_utf8(module.expect(0x92)?.to_vec()).ok();
        reader.finish()?;
        let all = || {
            let module = NativeModule { package: package?, module: module_aid?, name: name? };
            Some(Self { isd_aid: isd_aid?, atr, cplc: cplc?, kdd: kdd?, scp_i: scp_i?, level_min: level_min?, module })
        };
        Ok(all())
    }
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
            module: NativeModule { package: aid("A00000024710"), module: aid("A0000002471001"), name: "emrtd".into() },
        };
        let again = Configuration::decode(&configuration.encode()).unwrap().unwrap();
        assert_eq!(again.encode(), configuration.encode());
        assert_eq!((again.isd_aid, again.kdd, again.scp_i), (configuration.isd_aid, [9; 10], 0x70));
    }
}
