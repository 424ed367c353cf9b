//! The crate `scll`, a GlobalPlatform host of other people with its own cryptography, over a connection to the card.

use scll::CardManager;
use scll::backend::{KeyBackend as _, KeyKind};
use scll::backend_rustcrypto::RustCryptoBackend;
use scll::limits::RAPDU_MAX;
use scll::model::{CardInfo, ScpVariant};
use scll::report::ScpTargetKind;
use scll::transport::{AtrAts, Transport, TransportCaps, TransportError, TransportProtocol};
use scll::workflow::{NewKeyset, OpenScpArgs, PutSdKeysArgs, SdKeys};

use crate::bridge::{Bridge, Connection};
use crate::program::{Program, Row};
use crate::stage::Stage;

const ISD: &[u8] = &[0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00];

/// First octet of the published test key 40..4F, which the cards of the factory have.
const TEST_KEY: u8 = 0x40;

/// `scll` needs nothing of the machine: it is built into this program.
pub const SCLL: Program = Program {
    name: "scll",
    judges: "card manager: SCP03 and SCP02, key loading and deletion, registry, refusal of other keys",
    needs: &[],
    checks: &[
        "SCP03: the card is discovered",
        "SCP03: a channel opens at level 33",
        "SCP03: new keys are loaded, the old ones go",
        "SCP03: the registry is read",
        "SCP03: other keys are told by the card's cryptogram",
        "SCP02: the card is discovered",
        "SCP02: a channel opens at level 03",
        "SCP02: new keys are loaded, the old ones go",
    ],
    version: |_| Some("scll 1.0.5".to_owned()),
    run,
};

/// The served card as this host's reader.
struct Reader {
    connection: Connection,
    /// Holds the card as long as the host has the reader.
    _bridge: Bridge,
}

impl Reader {
    fn open(stage: &Stage, image: &std::path::Path) -> Result<Self, String> {
        let bridge = Bridge::open(stage, image)?;
        Ok(Self { connection: bridge.connect()?, _bridge: bridge })
    }

    fn ask(&mut self, octets: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.connection.ask(octets).map_err(|_| TransportError::CardRemoved)
    }
}

impl Transport for Reader {
    /// Fetches what waits, as a reader for T=0 does: under SCP02 this host leaves Le out.
    fn transmit(&mut self, command: &[u8]) -> Result<heapless::Vec<u8, RAPDU_MAX>, TransportError> {
        let mut answer = self.ask(command)?;
        while let [head @ .., 0x61, waiting] = answer.as_slice() {
            let more = [0x00, 0xC0, 0x00, 0x00, *waiting];
            let head = head.to_vec();
            answer = [head, self.ask(&more)?].concat();
        }
        heapless::Vec::from_slice(&answer).map_err(|()| TransportError::ProtocolError)
    }

    fn capabilities(&self) -> TransportCaps {
        TransportCaps { handles_t0_get_response: true, protocol: TransportProtocol::T1, contactless: false }
    }

    fn reset(&mut self) -> Result<AtrAts, TransportError> {
        self.connection.put(&[0x02]).map_err(|_| TransportError::CardRemoved)?;
        let atr = self.ask(&[0x04])?;
        let bytes = heapless::Vec::from_slice(&atr).map_err(|()| TransportError::ProtocolError)?;
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
struct HostRng(rand::rngs::ChaCha20Rng);

impl old_rand_core::RngCore for HostRng {
    fn next_u32(&mut self) -> u32 {
        rand_core::Rng::next_u32(&mut self.0)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core::Rng::next_u64(&mut self.0)
    }

    fn fill_bytes(&mut self, octets: &mut [u8]) {
        rand_core::Rng::fill_bytes(&mut self.0, octets);
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), old_rand_core::Error> {
        self.fill_bytes(octets);
        Ok(())
    }
}

impl old_rand_core::CryptoRng for HostRng {}

type Host = CardManager<Reader, RustCryptoBackend<HostRng>>;

/// One protocol before one card.
struct Bout {
    host: Host,
    kind: KeyKind,
    level: u8,
    label: &'static str,
    rows: Vec<Row>,
}

fn run(stage: &Stage) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for (profile, label, kind, level) in
        [("cnie-2.0", "SCP03", KeyKind::Aes128, 0x33), ("lab-jcop", "SCP02", KeyKind::TripleDesDouble, 0x03)]
    {
        let desk = stage.blank(profile)?;
        let reader = Reader::open(stage, &desk.image())?;
        let rng = HostRng(rand::SeedableRng::from_rng(&mut rand::rng()));
        let host = CardManager::new(reader, RustCryptoBackend::new(rng));
        let mut bout = Bout { host, kind, level, label, rows: Vec::new() };
        bout.fight();
        rows.append(&mut bout.rows);
    }
    Ok(rows)
}

impl Bout {
    /// Each check rests on the one before: the first that fails leaves the others unheard of, which is failure too.
    fn fight(&mut self) {
        let discovered = self.host.discover(None).map_err(|error| format!("{error:?}"));
        let info = discovered.and_then(|info| {
            let protocol = info.scp_supported.first().map(|offer| match offer {
                ScpVariant::Scp02 { .. } => "SCP02",
                ScpVariant::Scp03 { .. } => "SCP03",
            });
            (protocol == Some(self.label)).then_some(info).ok_or_else(|| format!("it offers {protocol:?}"))
        });
        let info = self.note("the card is discovered", info);
        let keys = self.import(TEST_KEY);
        let (Some(info), Ok(keys)) = (info, keys) else { return };
        let opened = self.open(&info, keys, 1);
        if self.note(&format!("a channel opens at level {:02X}", self.level), opened).is_none() {
            return;
        }
        let rotated = self.rotate(&info, keys);
        let Some(fresh) = self.note("new keys are loaded, the old ones go", rotated) else { return };
        if self.label == "SCP02" {
            return;
        }
        let registry = self.host.get_card_inventory(ISD).map_err(|error| format!("{error:?}")).and_then(|report| {
            let there = !report.inventory.elfs.is_empty();
            there.then_some(()).ok_or_else(|| "no load file in it".to_owned())
        });
        self.note("the registry is read", registry);
        let wrong = self.import(0x90).and_then(|wrong| match self.open(&info, wrong, 0x32) {
            Ok(()) => Err("a channel with other keys".to_owned()),
            Err(words) if words.contains("CardCryptogramFail") => self.open(&info, fresh, 0x32),
            Err(words) => Err(words),
        });
        self.note("other keys are told by the card's cryptogram", wrong);
    }

    fn note<T>(&mut self, check: &str, result: Result<T, String>) -> Option<T> {
        let name = format!("{}: {check}", self.label);
        match result {
            Ok(value) => {
                self.rows.push(Row::of(&name, Ok(())));
                Some(value)
            }
            Err(words) => {
                self.rows.push(Row::of(&name, Err(words)));
                None
            }
        }
    }

    fn import(&self, first: u8) -> Result<SdKeys, String> {
        let key: Vec<u8> = (0..16).map(|n| first + n).collect();
        let handle = || self.host.backend().import_key(self.kind, &key).map_err(|error| format!("{error:?}"));
        Ok(SdKeys { enc: handle()?, mac: handle()?, dek: handle()? })
    }

    fn open(&mut self, info: &CardInfo, keys: SdKeys, kvn: u8) -> Result<(), String> {
        self.host.close_channel();
        let wanted = OpenScpArgs {
            target_aid: ISD,
            target_kind: ScpTargetKind::SecurityDomainAid,
            sd_keys: keys,
            advertised: info.scp_supported.as_slice(),
            force_scp: None,
            kvn,
            requested_level: self.level,
        };
        let opened = self.host.open_scp(&wanted).map_err(|error| format!("{error:?}"))?;
        let level = opened.security_level_effective;
        (level == self.level).then_some(()).ok_or_else(|| format!("level {level:02X}"))
    }

    /// New keys as version 32, under which the host comes back; then version 1 goes.
    fn rotate(&mut self, info: &CardInfo, old: SdKeys) -> Result<SdKeys, String> {
        let fresh = self.import(0x60)?;
        let new_keys = NewKeyset { enc: fresh.enc, mac: fresh.mac, dek: fresh.dek, kind: self.kind };
        let put = PutSdKeysArgs { dek: old.dek, new_keys, new_kvn: 0x32, target_sd_aid: ISD };
        self.host.put_sd_keys(&put).map_err(|error| format!("{error:?}"))?;
        self.open(info, fresh, 0x32)?;
        self.host.delete_sd_keyset(1, ISD).map_err(|error| format!("{error:?}"))?;
        if self.open(info, old, 1).is_ok() {
            return Err("the old keys still open a channel".to_owned());
        }
        self.open(info, fresh, 0x32)?;
        Ok(fresh)
    }
}
