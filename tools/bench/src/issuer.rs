//! An issuer in memory: keys of all kinds, drawn from a seed and never written. Sealing key files costs more than a
//! whole card, and is no part of one.

use std::fs;
use std::path::Path;

use bitaqa_perso::issuer::Issuer;
use bitaqa_perso::vault::MasterVault;
use bitaqa_pki::issuer_keys::{self, Identity, IssuerKeys, IssuerPlan, Schedule, USUAL};
use bitaqa_pki::key_file;
use bitaqa_pki::spki::Form;
use bitaqa_pki::x509::IssuingState;
use bitaqa_pki::{Certificate, KeySigner, Signer, TrustStore};
use bitaqa_profile::Profile;
use bitaqa_terminal::inspection::Terminal;
use rand_core::CryptoRng;
use time::UtcDateTime;
use zeroize::Zeroizing;

use crate::line::Outcome;

/// Everything that an issuing state has, and the terminal that it lets read prints.
pub struct BenchIssuer {
    keys: IssuerKeys,
    cvca: Vec<u8>,
    document_signer: KeySigner,
    holder_ca: (Certificate, KeySigner),
    date: [u8; 6],
    master: Zeroizing<Vec<u8>>,
}

impl BenchIssuer {
    /// Draws all keys.
    ///
    /// # Errors
    /// None that a seed causes.
    pub fn new(at: UtcDateTime, rng: &mut dyn CryptoRng) -> Outcome<Self> {
        let state = IssuingState {
            country: "MA".into(),
            mrz_state: "MAR".into(),
            organisation: "SPECIMEN bitaqa test issuer".into(),
            contact: "csca@example.org".into(),
            crl_urls: vec!["https://example.org/csca.crl".into()],
        };
        let holder_ca = issuer_keys::holder_ca(&state, Schedule::LABORATORY, USUAL, at, rng)?;
        let plan = IssuerPlan {
            state,
            document_types: vec!["ID".into()],
            form: Form::Named,
            schedule: Schedule::LABORATORY,
            document_signer: USUAL,
            terminals: USUAL,
        };
        let keys = issuer_keys::generate(&plan, at, rng)?;
        let mut master = Zeroizing::new(vec![0; 32]);
        rng.fill_bytes(&mut master);
        let signer = |identity: &Identity<Certificate>, rng: &mut dyn CryptoRng| identity.key.signer(USUAL, rng);
        let document_signer = signer(&keys.document_signer, rng)?;
        let holder_signer = signer(&holder_ca, rng)?;
        let cvca = keys.cvca.certificate.encode();
        let digits = format!("{:02}{:02}{:02}", at.year().rem_euclid(100), u8::from(at.month()), at.day());
        let mut date = [0; 6];
        date.iter_mut().zip(digits.bytes()).for_each(|(to, digit)| *to = digit - b'0');
        let holder_ca = (holder_ca.certificate, holder_signer);
        Ok(Self { keys, cvca, document_signer, holder_ca, date, master })
    }

    /// Keys of cards and channels.
    pub fn vault(&self, profile: &Profile) -> MasterVault {
        MasterVault::for_profile(self.master.clone(), profile)
    }

    /// The CSCA as only anchor.
    ///
    /// # Errors
    /// [`BenchIssuer::new`].
    pub fn trust(&self) -> Outcome<TrustStore> {
        let mut trust = TrustStore::new();
        trust.add(self.keys.csca.certificate.clone())?;
        Ok(trust)
    }

    /// A terminal with every right of an inspection system.
    ///
    /// # Errors
    /// [`BenchIssuer::new`].
    pub fn terminal(&self, rng: &mut dyn CryptoRng) -> Outcome<Terminal> {
        let chain = self.keys.terminal_chain().map(Clone::clone).into();
        let signer = self.keys.inspection_system.key.signer(USUAL, rng)?;
        Ok(Terminal::new(chain, Vec::new(), Box::new(signer))?)
    }
}

/// Passphrase of the files that strangers get.
const PASSPHRASE: &str = "SPECIMEN bench";

impl BenchIssuer {
    /// Writes what a terminal of somebody else needs: `trust/csca.cer`, `terminal/*`, and the passphrase.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn write_for_strangers(&self, folder: &Path, rng: &mut dyn CryptoRng) -> Outcome<()> {
        let terminal = folder.join("terminal");
        fs::create_dir_all(&terminal)?;
        fs::create_dir_all(folder.join("trust"))?;
        fs::write(folder.join("trust/csca.cer"), self.keys.csca.certificate.der())?;
        let [document_verifier, inspection_system] = self.keys.terminal_chain();
        fs::write(terminal.join("dv.cvcert"), document_verifier.encode())?;
        fs::write(terminal.join("is.cvcert"), inspection_system.encode())?;
        let key = key_file::seal_signing(&self.keys.inspection_system.key, PASSPHRASE.as_bytes(), rng)?;
        fs::write(terminal.join("is.key"), key)?;
        Ok(fs::write(folder.join("passphrase"), PASSPHRASE)?)
    }
}

impl Issuer for BenchIssuer {
    fn document_signer_certificate(&self) -> &Certificate {
        &self.keys.document_signer.certificate
    }

    fn document_signer(&self) -> &dyn Signer {
        &self.document_signer
    }

    fn cvca_certificate(&self) -> &[u8] {
        &self.cvca
    }

    fn holder_ca(&self) -> Option<(&Certificate, &dyn Signer)> {
        let (certificate, signer) = &self.holder_ca;
        Some((certificate, signer))
    }

    fn current_date(&self) -> [u8; 6] {
        self.date
    }
}
