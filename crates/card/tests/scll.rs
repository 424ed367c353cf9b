//! A host of other people, the crate `scll`, on our card: it discovers the card, opens SCP03 (in both sizes) and SCP02,
//! loads keys, installs, deletes and reads the registry. It recomputes every cryptogram, pseudo-random challenge, MAC
//! and key check value by itself, with another cryptographic library, and refuses what is wrong.

#![allow(clippy::unwrap_used)] // tests

use bitaqa_apdu::install::{Delay, Parameters};
use bitaqa_apdu::{Aid, Transport as _};
use bitaqa_card::chip::{Buffers, Configuration, DOMAIN_MODULE, DOMAIN_PACKAGE, NativeModule, Quirks};
use bitaqa_card::nvm::medium::MemoryMedium;
use bitaqa_card::{Card, ChipSpec, Platform, emrtd};
use bitaqa_secure_messaging::KeySet;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use rand_core::CryptoRng;
use scll::CardManager;
use scll::backend::{KeyBackend, KeyHandle, KeyKind};
use scll::backend_rustcrypto::RustCryptoBackend;
use scll::error::ScllError;
use scll::limits::RAPDU_MAX;
use scll::model::{CardInfo, ScpVariant};
use scll::report::{DeleteCascade, ScpTargetKind};
use scll::transport::{AtrAts, Transport, TransportCaps, TransportError, TransportProtocol};
use scll::workflow::{
    CreateSsdArgs, DeleteAppletArgs, InstallAppletArgs, NewKeyset, OpenScpArgs, PutSdKeysArgs, SdKeys,
};

const ISD: &[u8] = &[0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00];
const PACKAGE: &[u8] = &[0xA0, 0x00, 0x00, 0x02, 0x47, 0x10];
const MODULE: &[u8] = &[0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];
const DOMAIN: &[u8] = &[0xF0, 0x00, 0x00, 0x00, 0x01];

struct Seeded(ChaCha20Rng);

impl Platform for Seeded {
    fn rng(&mut self) -> &mut dyn CryptoRng {
        &mut self.0
    }

    fn wait(&mut self, _: u32) {}
}

/// Our card in the other host's reader.
struct Reader(Card);

impl Transport for Reader {
    /// Fetches what waits, as a reader for T=0 does: under SCP02 this host leaves Le out.
    fn transmit(&mut self, command: &[u8]) -> Result<heapless::Vec<u8, RAPDU_MAX>, TransportError> {
        let mut answer = self.0.transmit(command).map_err(|_| TransportError::CardRemoved)?.into_vec();
        while let [.., 0x61, waiting] = answer[..] {
            answer.truncate(answer.len() - 2);
            let more = self.0.transmit(&[0x00, 0xC0, 0x00, 0x00, waiting]).map_err(|_| TransportError::CardRemoved)?;
            answer.extend_from_slice(&more);
        }
        heapless::Vec::from_slice(&answer).map_err(|()| TransportError::ProtocolError)
    }

    fn capabilities(&self) -> TransportCaps {
        TransportCaps { handles_t0_get_response: true, protocol: TransportProtocol::T1, contactless: false }
    }

    fn reset(&mut self) -> Result<AtrAts, TransportError> {
        let atr = self.0.reset().map_err(|_| TransportError::CardRemoved)?;
        let bytes = heapless::Vec::from_slice(&atr.0).map_err(|()| TransportError::ProtocolError)?;
        Ok(AtrAts { bytes, protocol: TransportProtocol::T1 })
    }

    fn protocol(&self) -> TransportProtocol {
        TransportProtocol::T1
    }

    fn is_connected(&self) -> bool {
        true
    }
}

/// The host's source of challenges, of the traits that it knows.
struct HostRng(u64);

impl old_rand_core::RngCore for HostRng {
    fn next_u32(&mut self) -> u32 {
        let [a, b, c, d, ..] = self.next_u64().to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0
    }

    fn fill_bytes(&mut self, octets: &mut [u8]) {
        for octet in octets {
            *octet = self.next_u64().to_be_bytes()[0];
        }
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), old_rand_core::Error> {
        self.fill_bytes(octets);
        Ok(())
    }
}

impl old_rand_core::CryptoRng for HostRng {}

type Host = CardManager<Reader, RustCryptoBackend<HostRng>>;

fn chip(transport_keys: KeySet, scp_i: u8) -> ChipSpec {
    let aid = |octets: &[u8]| Aid::new(octets).unwrap();
    let native = |package: &[u8], module: &[u8], name: &str| NativeModule {
        package: aid(package),
        module: aid(module),
        name: name.to_owned(),
    };
    let configuration = Configuration {
        isd_aid: aid(ISD),
        atr: vec![0x3B, 0x80, 0x80, 0x01, 0x01],
        cplc: [0x11; 42],
        kdd: [7; 10],
        scp_i,
        level_min: 0x01,
        modules: vec![native(PACKAGE, MODULE, emrtd::NAME), native(&DOMAIN_PACKAGE, &DOMAIN_MODULE, "security-domain")],
        quirks: Quirks::default(),
        buffers: Buffers::default(),
    };
    ChipSpec { configuration, memory_bytes: 60_000, transport_kvn: 1, transport_keys }
}

/// A factory-fresh card, and the host's handles for its keys.
fn host(kind: KeyKind, scp_i: u8) -> (Host, CardInfo, SdKeys) {
    let keys = material(kind, 0x40);
    let [enc, mac, dek] = &keys;
    let set = match kind {
        KeyKind::TripleDesDouble => KeySet::triple_des(enc, mac, dek),
        _ => KeySet::new(enc, mac, dek),
    };
    let spec = chip(set.unwrap(), scp_i);
    let platform = Box::new(Seeded(ChaCha20Rng::seed_from_u64(1)));
    let card = Card::blank(spec, Box::new(MemoryMedium::default()), platform).unwrap();
    let mut host = CardManager::new(Reader(card), RustCryptoBackend::new(HostRng(7)));
    let handles = import(&host, kind, &keys);
    let info = host.discover(None).unwrap();
    assert_eq!(info.isd_aid.as_bytes(), ISD);
    (host, info, handles)
}

fn material(kind: KeyKind, first: u8) -> [Vec<u8>; 3] {
    let octets = kind.clear_len();
    [0, 1, 2].map(|k| (0u8..).map(|n| first + 16 * k + n % 16).take(octets).collect())
}

fn import(host: &Host, kind: KeyKind, keys: &[Vec<u8>; 3]) -> SdKeys {
    let [enc, mac, dek] = keys.each_ref().map(|key| -> KeyHandle { host.backend().import_key(kind, key).unwrap() });
    SdKeys { enc, mac, dek }
}

fn open(host: &mut Host, info: &CardInfo, aid: &[u8], keys: SdKeys, kvn: u8, level: u8) -> Result<u8, ScllError> {
    host.close_channel();
    let args = OpenScpArgs {
        target_aid: aid,
        target_kind: ScpTargetKind::SecurityDomainAid,
        sd_keys: keys,
        advertised: info.scp_supported.as_slice(),
        force_scp: None,
        kvn,
        requested_level: level,
    };
    host.open_scp(&args).map(|opened| opened.security_level_effective)
}

fn application_parameters() -> Vec<u8> {
    let parameters = Parameters {
        files: vec![],
        objects: vec![],
        keys: vec![],
        passwords: vec![1],
        delay: Delay { first_ms: 0, factor: 1, max_ms: 0 },
        bac: true,
        tries: None,
        quirk_pace: None,
        active_digest_bytes: None,
    };
    parameters.encode()
}

/// New keys, under which the host comes back; the old ones go.
fn rotate(host: &mut Host, info: &CardInfo, kind: KeyKind, old: SdKeys, level: u8) {
    let fresh = import(host, kind, &material(kind, 0x60));
    let new_keys = NewKeyset { enc: fresh.enc, mac: fresh.mac, dek: fresh.dek, kind };
    let put = PutSdKeysArgs { dek: old.dek, new_keys, new_kvn: 0x32, target_sd_aid: ISD };
    let report = host.put_sd_keys(&put).unwrap();
    assert_eq!(usize::from(report.effective.key_length), kind.clear_len());
    assert_eq!(open(host, info, ISD, fresh, 0x32, level).unwrap(), level);
    host.delete_sd_keyset(1, ISD).unwrap();
    assert!(open(host, info, ISD, old, 1, level).is_err(), "the old keys are gone");
    assert_eq!(open(host, info, ISD, fresh, 0x32, level).unwrap(), level);
}

/// An application comes and goes, a security domain too, and the registry says so.
fn install_and_delete(host: &mut Host) {
    let instance = [MODULE, &[0x01]].concat();
    let parameters = application_parameters();
    let install = InstallAppletArgs {
        parent_sd_aid: ISD,
        package_aid: PACKAGE,
        module_aid: MODULE,
        instance_aid: &instance,
        privileges: [0; 3],
        system_install_params: &[],
        applet_install_params: &parameters,
    };
    host.install_applet(&install).unwrap();
    assert!(host.install_applet(&install).is_err(), "an AID is taken once");
    let domain = CreateSsdArgs {
        parent_sd_aid: ISD,
        ssd_aid: DOMAIN,
        elf_aid: &DOMAIN_PACKAGE,
        module_aid: &DOMAIN_MODULE,
        privileges: [0x80, 0, 0],
        install_params: &[0xC9, 0x00],
    };
    host.create_ssd(&domain).unwrap();
    let inventory = host.get_card_inventory(ISD).unwrap().inventory;
    assert!(inventory.applets.iter().any(|entry| entry.aid.as_bytes() == instance));
    assert!(inventory.security_domains.iter().any(|entry| entry.aid.as_bytes() == DOMAIN));
    assert!(inventory.elfs.iter().any(|entry| entry.aid.as_bytes() == PACKAGE));
    let delete = DeleteAppletArgs { instance_aid: &instance, elf_aid: None, cascade_elf: DeleteCascade::Never };
    host.delete_applet(&delete).unwrap();
    assert!(matches!(host.delete_applet(&delete), Err(ScllError::TargetNoLongerExists)));
    host.delete_ssd(DOMAIN, DeleteCascade::Never).unwrap();
    let inventory = host.get_card_inventory(ISD).unwrap().inventory;
    assert!(!inventory.applets.iter().any(|entry| entry.aid.as_bytes() == instance));
    assert!(!inventory.security_domains.iter().any(|entry| entry.aid.as_bytes() == DOMAIN));
    host.get_card_status(ISD).unwrap();
}

#[test]
fn scp03_with_every_key_length_and_level() {
    for kind in [KeyKind::Aes128, KeyKind::Aes192, KeyKind::Aes256] {
        for (i, level) in [(0x70, 0x33), (0x60, 0x33), (0x30, 0x13), (0x20, 0x11), (0x10, 0x03), (0x00, 0x01)] {
            let (mut host, info, keys) = host(kind, i);
            assert_eq!(info.scp_supported.as_slice(), [ScpVariant::Scp03 { i_param: i }]);
            assert_eq!(open(&mut host, &info, ISD, keys, 1, level).unwrap(), level, "{kind:?} {i:02X}");
            rotate(&mut host, &info, kind, keys, level);
            install_and_delete(&mut host);
        }
    }
}

/// S16, by the bit that this host knows for it.
#[test]
fn scp03_in_the_size_of_16() {
    for (i, level) in [(0x78, 0x33), (0x68, 0x33), (0x28, 0x13), (0x18, 0x03)] {
        let (mut host, info, keys) = host(KeyKind::Aes256, i);
        assert_eq!(open(&mut host, &info, ISD, keys, 1, level).unwrap(), level, "{i:02X}");
        rotate(&mut host, &info, KeyKind::Aes256, keys, level);
        install_and_delete(&mut host);
    }
}

#[test]
fn scp02_with_a_computed_challenge() {
    for (i, level) in [(0x55, 0x03), (0x55, 0x01)] {
        let (mut host, info, keys) = host(KeyKind::TripleDesDouble, i);
        assert_eq!(info.scp_supported.as_slice(), [ScpVariant::Scp02 { i_param: i }]);
        assert_eq!(open(&mut host, &info, ISD, keys, 1, level).unwrap(), level);
        rotate(&mut host, &info, KeyKind::TripleDesDouble, keys, level);
        install_and_delete(&mut host);
    }
}

#[test]
fn a_host_with_other_keys_is_told_before_it_spends_a_try() {
    for (kind, i) in [(KeyKind::Aes128, 0x70), (KeyKind::TripleDesDouble, 0x55)] {
        let (mut host, info, right) = host(kind, i);
        let wrong = import(&host, kind, &material(kind, 0x90));
        assert!(matches!(open(&mut host, &info, ISD, wrong, 1, 0x03), Err(ScllError::CardCryptogramFail)));
        open(&mut host, &info, ISD, right, 1, 0x03).unwrap();
        assert!(open(&mut host, &info, ISD, right, 9, 0x03).is_err(), "no such version");
    }
}
