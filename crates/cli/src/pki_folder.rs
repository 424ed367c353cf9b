//! The folder of issuer keys: which file is where, sealed and open again.
//!
//! ```text
//! csca/csca.cer csca.key             country signing CA (X.509 DER; key sealed, encrypted PKCS#8)
//! ds/ds.cer ds.key                   document signer
//! eid/ca.cer ca.key                  CA for certificates of card holders; folders of earlier versions have none
//! cvca/cvca.cvcert cvca.key          country verifying CA (CV certificate, TR-03110)
//! dv/dv.cvcert dv.key                document verifier
//! terminal/dv.cvcert is.cvcert is.key    an inspection terminal: what it shows and signs with
//! terminal/*.cvcert                  link certificates of the CVCA, where there are some
//! trust/csca.cer                     what an inspection trusts: `trust_folder`
//! vault/master.key                   master key of card keys (sealed)
//! passphrase                         only where nobody gave one: tests and demonstrations
//! ```
//! `--trust` takes `trust` or the folder above it; `--terminal` takes `terminal` or the folder above it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use bitaqa_perso::content::{document_signer_algorithm, terminal_algorithm};
use bitaqa_perso::issuer::Issuer;
use bitaqa_perso::vault::MasterVault;
use bitaqa_pki::cvc::{CvCertificate, date_to_bcd};
use bitaqa_pki::issuer_keys::{self, IssuerKeys, IssuerPlan, Schedule};
use bitaqa_pki::spki::Form;
use bitaqa_pki::x509::IssuingState;
use bitaqa_pki::{Certificate, HashAlgorithm, KeySigner, SignError, SignatureAlgorithm, Signer, SigningKey, key_file};
use bitaqa_profile::{EidAlgorithm, EidKey, Profile};
use bitaqa_terminal::inspection::Terminal;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use time::{Date, UtcDateTime};
use zeroize::Zeroizing;

use crate::exit::{Class, Failure};
use crate::{passphrase, world};

/// Octets of the master key: enough for AES-256.
const MASTER_BYTES: usize = 32;

/// Makes all keys and certificates for cards of a profile and writes them. With `keep_passphrase` the passphrase is
/// kept beside the keys.
///
/// # Errors
/// Bad input when the folder is there and not empty or cannot be written; nothing of an existing PKI is touched.
pub fn create(
    folder: &Path,
    profile: &Profile,
    passphrase: &str,
    keep_passphrase: bool,
    at: UtcDateTime,
    rng: &mut dyn CryptoRng,
) -> Result<IssuerKeys, Failure> {
    fresh_folder(folder)?;
    let plan = IssuerPlan {
        state: issuing_state(),
        document_types: vec!["ID".into()],
        form: Form::Named,
        schedule: Schedule::LABORATORY,
        document_signer: document_signer_algorithm(profile),
        terminals: terminal_algorithm(profile),
    };
    let internal = |error: &dyn std::fmt::Display| Failure::new(Class::Internal, error.to_string());
    let keys = issuer_keys::generate(&plan, at, rng).map_err(|error| internal(&error))?;
    let mut master = Zeroizing::new([0; MASTER_BYTES]);
    rng.fill_bytes(master.as_mut_slice());

    let mut sealed = |key| key_file::seal_signing(key, passphrase.as_bytes(), rng).map_err(|error| internal(&error));
    let terminal_key = sealed(&keys.inspection_system.key)?;
    let secrets = [
        ("csca/csca.key", sealed(&keys.csca.key)?),
        ("ds/ds.key", sealed(&keys.document_signer.key)?),
        ("cvca/cvca.key", sealed(&keys.cvca.key)?),
        ("dv/dv.key", sealed(&keys.document_verifier.key)?),
        ("terminal/is.key", terminal_key),
    ];
    let vault =
        key_file::seal_secret(master.as_slice(), passphrase.as_bytes(), rng).map_err(|error| internal(&error))?;
    let csca = keys.csca.certificate.der();
    let public: [(&str, &[u8]); 7] = [
        ("csca/csca.cer", csca),
        ("trust/csca.cer", csca),
        ("ds/ds.cer", keys.document_signer.certificate.der()),
        ("cvca/cvca.cvcert", &keys.cvca.certificate.encode()),
        ("dv/dv.cvcert", &keys.document_verifier.certificate.encode()),
        ("terminal/dv.cvcert", &keys.document_verifier.certificate.encode()),
        ("terminal/is.cvcert", &keys.inspection_system.certificate.encode()),
    ];
    for (name, octets) in public {
        write_new(&folder.join(name), octets, false)?;
    }
    for (name, text) in &secrets {
        write_new(&folder.join(name), text.as_bytes(), true)?;
    }
    write_new(&folder.join("vault/master.key"), vault.as_bytes(), true)?;
    add_holder_ca(folder, profile, passphrase, at, rng)?;
    if keep_passphrase {
        write_new(&folder.join(passphrase::FILE), format!("{passphrase}\n").as_bytes(), true)?;
    }
    Ok(keys)
}

fn issuing_state() -> IssuingState {
    IssuingState {
        country: "MA".into(),
        mrz_state: "MAR".into(),
        organisation: "SPECIMEN bitaqa test issuer".into(),
        contact: "csca@example.org".into(),
        crl_urls: vec!["https://example.org/csca.crl".into()],
    }
}

/// Adds the CA for certificates of card holders, by the strongest algorithm that keys of the profile's cards have.
///
/// # Errors
/// Bad input when the folder has one already or cannot be written.
pub fn add_holder_ca(
    folder: &Path,
    profile: &Profile,
    passphrase: &str,
    at: UtcDateTime,
    rng: &mut dyn CryptoRng,
) -> Result<(), Failure> {
    let internal = |error: &dyn std::fmt::Display| Failure::new(Class::Internal, error.to_string());
    let long = |key: &EidKey| matches!(key.algorithm, EidAlgorithm::P384 | EidAlgorithm::Rsa3072);
    let hash = if profile.eid.iter().flat_map(|eid| &eid.keys).any(long) {
        HashAlgorithm::Sha384
    } else {
        HashAlgorithm::Sha256
    };
    let algorithm = SignatureAlgorithm::Ecdsa(hash);
    let ca = issuer_keys::holder_ca(&issuing_state(), Schedule::LABORATORY, algorithm, at, rng)
        .map_err(|error| internal(&error))?;
    let key = key_file::seal_signing(&ca.key, passphrase.as_bytes(), rng).map_err(|error| internal(&error))?;
    write_new(&folder.join(HOLDER_CA), ca.certificate.der(), false)?;
    write_new(&folder.join(HOLDER_CA_KEY), key.as_bytes(), true)
}

/// Certificate of the CA for card holders, in the folder.
const HOLDER_CA: &str = "eid/ca.cer";
/// Its key.
const HOLDER_CA_KEY: &str = "eid/ca.key";

/// The CA for card holders with its signer; `None` in a folder of an earlier version.
fn open_holder_ca(folder: &Path, passphrase: &str) -> Result<Option<(Certificate, KeySigner)>, Failure> {
    let file = folder.join(HOLDER_CA);
    if !file.exists() {
        return Ok(None);
    }
    let (certificate, key_file) = (read_certificate(&file)?, folder.join(HOLDER_CA_KEY));
    let key = open_key(&key_file, passphrase)?;
    let algorithm = match &key {
        SigningKey::Ec(key) => SignatureAlgorithm::for_curve(key.curve()),
        SigningKey::Rsa(_) => SignatureAlgorithm::RsaPkcs1(HashAlgorithm::Sha256),
    };
    let signer = key.signer(algorithm, &mut world::rng());
    let signer = signer.map_err(|error| Failure::input(&key_file, error, "give the key of eid/ca.cer"))?;
    Ok(Some((certificate, signer)))
}

/// The issuer's side of a folder: document signer, trust point, master key.
pub struct IssuerFolder {
    document_signer: KeySigner,
    certificate: Certificate,
    cvca: Vec<u8>,
    holder_ca: Option<(Certificate, KeySigner)>,
    today: Date,
    master: Zeroizing<Vec<u8>>,
}

impl IssuerFolder {
    /// Opens what personalisation of a profile's cards needs. The document signer's key must be in its usage period: a
    /// card signed after it is one that no inspection may take.
    ///
    /// # Errors
    /// Bad input, with the file.
    pub fn open(folder: &Path, passphrase: &str, profile: &Profile, now: UtcDateTime) -> Result<Self, Failure> {
        let signer_file = folder.join("ds/ds.key");
        let certificate_file = folder.join("ds/ds.cer");
        let certificate = read_certificate(&certificate_file)?;
        let (from, until) = certificate.private_key_usage();
        if from.is_some_and(|from| now < from) || until.is_some_and(|until| now > until) {
            let what = format!("the document signer's key may sign from {from:?} to {until:?} only");
            return Err(Failure::input(&certificate_file, what, "make a new document signer (bitaqa pki init)"));
        }
        let master_file = folder.join("vault/master.key");
        let master = key_file::open_secret(&read_text(&master_file)?, passphrase.as_bytes())
            .map_err(|error| Failure::input(&master_file, error, KEY_REMEDY))?;
        let cvca_file = folder.join("cvca/cvca.cvcert");
        let cvca = read(&cvca_file)?;
        CvCertificate::parse(&cvca).map_err(|error| Failure::input(&cvca_file, error, FOLDER_REMEDY))?;
        let key = open_key(&signer_file, passphrase)?;
        let document_signer = document_signer(&key, profile, &master).map_err(|error| {
            Failure::input(&signer_file, error, "make a document signer (bitaqa pki init --profile)")
        })?;
        let holder_ca = open_holder_ca(folder, passphrase)?;
        Ok(Self { document_signer, certificate, cvca, holder_ca, today: now.date(), master })
    }

    /// The vault of this issuer for cards of a profile.
    pub fn vault(&self, profile: &Profile) -> MasterVault {
        MasterVault::for_profile(self.master.clone(), profile)
    }
}

impl Issuer for IssuerFolder {
    fn document_signer_certificate(&self) -> &Certificate {
        &self.certificate
    }

    fn document_signer(&self) -> &dyn Signer {
        &self.document_signer
    }

    fn cvca_certificate(&self) -> &[u8] {
        &self.cvca
    }

    fn holder_ca(&self) -> Option<(&Certificate, &dyn Signer)> {
        self.holder_ca.as_ref().map(|(certificate, signer)| (certificate, signer as &dyn Signer))
    }

    fn current_date(&self) -> [u8; 6] {
        date_to_bcd(self.today)
    }
}

/// The signer by which the profile wants EF.SOD signed, or the usual one of its kind: then the plan says what does not
/// fit. The salt of RSA-PSS comes out of the master key, so that an order that was cut off makes the same EF.SOD again.
fn document_signer(key: &SigningKey, profile: &Profile, master: &[u8]) -> Result<KeySigner, SignError> {
    let wanted = document_signer_algorithm(profile);
    let algorithm = match key {
        SigningKey::Ec(key) => SignatureAlgorithm::for_curve(key.curve()),
        SigningKey::Rsa(_) if wanted.is_rsa() => wanted,
        SigningKey::Rsa(_) => SignatureAlgorithm::RsaPkcs1(HashAlgorithm::Sha256),
    };
    let seed: [u8; 32] =
        Sha256::new().chain_update(b"salt of the document signer").chain_update(master).finalize().into();
    key.signer(algorithm, &mut ChaCha20Rng::from_seed(seed))
}

/// A terminal's chain and key: `dv.cvcert`, `is.cvcert`, `is.key` of `folder/terminal`, or of `folder` itself. Further
/// `.cvcert` files there are link certificates, which bring cards with an older trust point up to the chain's CVCA.
///
/// # Errors
/// Bad input, with the file.
pub fn terminal(folder: &Path, passphrase: &str) -> Result<Terminal, Failure> {
    let folder = inner(folder, "terminal");
    let certificate =
        |file: &Path| CvCertificate::parse(&read(file)?).map_err(|error| Failure::input(file, error, FOLDER_REMEDY));
    let own = ["dv.cvcert", "is.cvcert"].map(|name| folder.join(name));
    let chain = own.iter().map(|file| certificate(file)).collect::<Result<Vec<_>, _>>()?;
    let mut links = Vec::new();
    for file in files_of(&folder)?.into_iter().filter(|file| !own.contains(file)) {
        if file.extension().is_some_and(|ending| ending == "cvcert") {
            links.push(certificate(&file)?);
        }
    }
    let key_file = folder.join("is.key");
    let key = open_key(&key_file, passphrase)?;
    let algorithm = chain.last().map_or(issuer_keys::USUAL, |own| own.body().public_key.algorithm());
    let signer = key
        .signer(algorithm, &mut world::rng())
        .map_err(|error| Failure::input(&key_file, error, "give the key of is.cvcert"))?;
    Terminal::new(chain, links, Box::new(signer)).map_err(|error| Failure::input(&folder, error, FOLDER_REMEDY))
}

/// The certificates of a folder, for `pki show`: X.509 and CV.
pub struct Certificates {
    /// CSCA and document signer, with their file names.
    pub x509: Vec<(&'static str, Certificate)>,
    /// CVCA, DV and inspection system, with their file names.
    pub cv: Vec<(&'static str, CvCertificate)>,
}

/// Reads the certificates of a folder; needs no passphrase.
///
/// # Errors
/// Bad input, with the file.
pub fn certificates(folder: &Path) -> Result<Certificates, Failure> {
    let x509 = ["csca/csca.cer", "ds/ds.cer"].map(|name| Ok((name, read_certificate(&folder.join(name))?)));
    let holder_ca = folder.join(HOLDER_CA);
    let holder_ca = holder_ca.exists().then(|| Ok((HOLDER_CA, read_certificate(&holder_ca)?)));
    let cv = ["cvca/cvca.cvcert", "dv/dv.cvcert", "terminal/is.cvcert"].map(|name| {
        let file = folder.join(name);
        let certificate = CvCertificate::parse(&read(&file)?);
        Ok((name, certificate.map_err(|error| Failure::input(&file, error, FOLDER_REMEDY))?))
    });
    Ok(Certificates {
        x509: x509.into_iter().chain(holder_ca).collect::<Result<_, Failure>>()?,
        cv: cv.into_iter().collect::<Result<_, Failure>>()?,
    })
}

const FOLDER_REMEDY: &str = "give a folder that `bitaqa pki init` made";
const KEY_REMEDY: &str = "give the passphrase that the folder was made with";

/// A folder to be made: must not exist or be empty.
///
/// # Errors
/// Bad input otherwise.
pub fn fresh_folder(folder: &Path) -> Result<(), Failure> {
    let remedy = "give the name of a new folder; nothing is ever overwritten";
    match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::input(folder, "the folder is not empty", remedy)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            fs::create_dir_all(folder).map_err(|error| Failure::input(folder, error, remedy))
        }
        Err(error) => Err(Failure::input(folder, error, remedy)),
    }
}

/// Writes a new file with the folders above it; `secret` files are for their owner only.
///
/// # Errors
/// Bad input when it exists or cannot be written.
pub fn write_new(file: &Path, octets: &[u8], secret: bool) -> Result<(), Failure> {
    let failed = |error| Failure::input(file, error, "give a folder that can be written");
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if secret { 0o600 } else { 0o644 });
    options.open(file).and_then(|mut opened| opened.write_all(octets)).map_err(failed)
}

/// The files of a folder by their names, hidden ones and folders left out.
///
/// # Errors
/// Bad input for a folder that cannot be read.
pub(crate) fn files_of(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::input(folder, error, FOLDER_REMEDY))?;
    let is_hidden = |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file() && !is_hidden(path))
        .collect();
    files.sort();
    Ok(files)
}

/// The folder of this name below another one, where there is one.
pub(crate) fn inner(folder: &Path, name: &str) -> PathBuf {
    let below = folder.join(name);
    if below.is_dir() { below } else { folder.to_owned() }
}

fn open_key(file: &Path, passphrase: &str) -> Result<SigningKey, Failure> {
    let key = key_file::open_signing(&read_text(file)?, passphrase.as_bytes());
    key.map_err(|error| Failure::input(file, error, KEY_REMEDY))
}

fn read_certificate(file: &Path) -> Result<Certificate, Failure> {
    Certificate::from_der(&read(file)?).map_err(|error| Failure::input(file, error, FOLDER_REMEDY))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(file).map_err(|error| Failure::input(file, error, FOLDER_REMEDY))
}

fn read_text(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| Failure::input(file, error, FOLDER_REMEDY))
}
