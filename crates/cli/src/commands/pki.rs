//! `bitaqa pki init|show`.

use std::path::Path;

use bitaqa_pki::Certificate;
use bitaqa_pki::cvc::{CvCertificate, Role};
use serde::Serialize;

use crate::args::Pki;
use crate::exit::Failure;
use crate::output::{Output, table};
use crate::passphrase::{self, Source};
use crate::{pki_folder, profile_source, world};

#[derive(Serialize)]
struct Row {
    file: String,
    holder: String,
    issuer: String,
    from: String,
    until: String,
    rights: String,
}

#[derive(Serialize)]
struct Shown {
    folder: String,
    certificates: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passphrase_file: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// Bad input, with the file.
pub fn run(request: &Pki, source: &Source, output: Output) -> Result<(), Failure> {
    match request {
        Pki::Init { dir, profile } => {
            let kept = init(dir, profile, source, output)?;
            show(dir, kept.then(|| dir.join(passphrase::FILE).display().to_string()), output)
        }
        Pki::AddEid { dir, profile } => {
            let profile = profile_source::load(profile)?;
            let passphrase = source.existing(dir)?;
            pki_folder::add_holder_ca(dir, &profile, &passphrase, world::now(), &mut world::rng())?;
            show(dir, None, output)
        }
        Pki::Partner { dir, name, profile, out } => super::partner::hand_over(dir, name, profile, out, source, output),
        Pki::Show { dir } => show(dir, None, output),
    }
}

/// Makes a folder for cards of a profile; tells whether the passphrase was kept in it.
///
/// # Errors
/// As [`pki_folder::create`].
pub fn init(folder: &Path, profile: &str, source: &Source, output: Output) -> Result<bool, Failure> {
    let profile = profile_source::load(profile)?;
    let mut rng = world::rng();
    let (passphrase, keep) = source.fresh(&mut rng, output)?;
    pki_folder::create(folder, &profile, &passphrase, keep, world::now(), &mut rng)?;
    if keep {
        output.note(&format!(
            "warning: no passphrase was given; one was drawn and lies beside the keys in {}: for tests only",
            folder.join(passphrase::FILE).display()
        ));
    }
    Ok(keep)
}

fn show(folder: &Path, passphrase_file: Option<String>, output: Output) -> Result<(), Failure> {
    let certificates = pki_folder::certificates(folder)?;
    let x509 = certificates.x509.iter().map(|(file, certificate)| x509_row(file, certificate));
    let cv = certificates.cv.iter().map(|(file, certificate)| cv_row(file, certificate));
    let shown = Shown { folder: folder.display().to_string(), certificates: x509.chain(cv).collect(), passphrase_file };
    output.result(&shown, || {
        let rows = shown
            .certificates
            .iter()
            .map(|row| [&row.file, &row.holder, &row.issuer, &row.from, &row.until, &row.rights].map(Clone::clone));
        format!("{}\n{}", shown.folder, table(["file", "holder", "issuer", "from", "until", "rights"], rows))
    })
}

fn x509_row(file: &str, certificate: &Certificate) -> Row {
    let rights = if certificate.is_ca() {
        "signs certificates and CRLs".to_owned()
    } else {
        format!("signs documents {}", certificate.document_types().join(", "))
    };
    Row {
        file: file.to_owned(),
        holder: certificate.subject(),
        issuer: certificate.issuer(),
        from: certificate.not_before().date().to_string(),
        until: certificate.not_after().date().to_string(),
        rights,
    }
}

fn cv_row(file: &str, certificate: &CvCertificate) -> Row {
    let chat = certificate.chat();
    Row {
        file: file.to_owned(),
        holder: certificate.holder().to_string(),
        issuer: certificate.authority().to_string(),
        from: certificate.effective().to_string(),
        until: certificate.expiry().to_string(),
        rights: format!("{}, {}", role_words(chat.role()), rights_words(certificate)),
    }
}

const fn role_words(role: Role) -> &'static str {
    match role {
        Role::Cvca => "CVCA",
        Role::DvDomestic => "domestic DV",
        Role::DvForeign => "foreign DV",
        Role::Terminal => "inspection system",
    }
}

fn rights_words(certificate: &CvCertificate) -> &'static str {
    use bitaqa_apdu::TerminalRight::{Dg3, Dg4};
    let rights = certificate.chat().inspection_rights();
    match (rights.allow(Dg3), rights.allow(Dg4)) {
        (true, true) => "DG3 and DG4",
        (true, false) => "DG3",
        (false, true) => "DG4",
        (false, false) => "no data group",
    }
}
