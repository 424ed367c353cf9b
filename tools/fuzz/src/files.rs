//! Files of an eMRTD and of its eID. `lds` promises that what it accepts is written again octet for octet, but for the
//! two groups with several spellings of a field.

use bitaqa_apdu::Bytes;
use bitaqa_lds::LdsError;
use bitaqa_lds::card_access::CardAccess;
use bitaqa_lds::cia::{ApplicationTemplate, CardInfo, Certificate, ObjectDirectory, Password, PrivateKey, PublicKey};
use bitaqa_lds::com::Com;
use bitaqa_lds::dg1::Dg1;
use bitaqa_lds::dg11::Dg11;
use bitaqa_lds::dg12::Dg12;
use bitaqa_lds::dg13::Dg13;
use bitaqa_lds::dg14::Dg14;
use bitaqa_lds::dg15::Dg15;
use bitaqa_lds::face::Dg2;
use bitaqa_lds::fingers::Dg3;
use bitaqa_lds::iris::Dg4;
use bitaqa_lds::minutiae::{MinutiaeRecord, Order, Sorting, compact, from_compact, normal};
use bitaqa_lds::mrz::Mrz;
use bitaqa_lds::on_card;
use bitaqa_lds::optional_data::OptionalData;
use bitaqa_lds::security_infos::SecurityInfos;
use time::Date;

use crate::both_ways;
use crate::issued::NOW;

fn vec<E>(encoded: Result<Bytes, E>) -> Result<Vec<u8>, E> {
    encoded.map(Bytes::into_vec)
}

/// MRZ of a TD1: the text with its line ends, and dates that its two digits of a year may mean.
pub fn mrz(input: &[u8]) {
    let Ok(text) = core::str::from_utf8(input) else { return };
    let Ok(mrz) = Mrz::parse(text) else { return };
    assert_eq!(Mrz::parse(&mrz.lines().join("\n")).map(|again| again.text().to_owned()), Ok(mrz.text().to_owned()));
    assert!(mrz.lines().iter().all(|line| line.len() == 30));
    let today = NOW.date();
    let _: [Option<Date>; 2] = [mrz.birth_date(today), mrz.expiry_date(today)];
    assert!(mrz.birth_date(today).is_none_or(|born| born <= today), "born after today");
    let read = [mrz.surname(), mrz.given_names(), mrz.document_number().to_owned(), mrz.optional_1().to_owned()];
    assert!(read.iter().all(|field| field.len() <= 30));
    // 9303-11 §4.3.2: three fields with their check digits.
    assert!((24..=36).contains(&mrz.key_input().len()), "{} characters of key input", mrz.key_input().len());
}

/// DG1.
pub fn dg1(input: &[u8]) {
    both_ways::octets(input, Dg1::decode, |file| vec(file.encode()));
}

/// DG2 as strictly as our own and as loosely as a stranger's.
pub fn dg2(input: &[u8]) {
    both_ways::octets(input, Dg2::decode, |file| vec(file.encode()));
    if let Ok((file, notes)) = Dg2::decode_tolerant(input) {
        assert_eq!(notes.is_empty(), Dg2::decode(input).is_ok());
        assert!(file.faces.iter().map(|face| face.image.len()).sum::<usize>() <= input.len());
    }
}

/// DG3 with its records of images and of minutiae.
pub fn dg3(input: &[u8]) {
    both_ways::octets(input, Dg3::decode, |file| vec(file.encode()));
    if let Ok((_, notes)) = Dg3::decode_tolerant(input) {
        assert_eq!(notes.is_empty(), Dg3::decode(input).is_ok());
    }
}

/// DG4, whose records nobody here looks into.
pub fn dg4(input: &[u8]) {
    both_ways::octets(input, Dg4::decode, |file| vec(file.encode()));
}

/// Minutiae records of both editions, strictly and loosely, and what becomes of them on the way to a card.
pub fn minutiae(input: &[u8]) {
    let write = |record: &MinutiaeRecord| {
        MinutiaeRecord::of(record.edition(), record.device(), record.views()).map(|again| again.octets().to_vec())
    };
    both_ways::octets(input, |octets| MinutiaeRecord::new(octets), write);
    let Ok((record, notes)) = MinutiaeRecord::tolerant(input) else { return };
    assert_eq!(notes.is_empty(), MinutiaeRecord::new(input).is_ok());
    let order = Order::Ascending(Sorting::Polar);
    for view in record.views() {
        let template = compact(view, 60, order);
        assert!(template.len() <= view.minutiae.len().min(60));
        assert!(from_compact(template.as_flattened()).is_some_and(|back| back.len() == template.len()));
        assert!(normal(view, 60, order).len() <= 60);
    }
}

/// What a card says of its references, and what it is sent to compare.
pub fn on_card(input: &[u8]) {
    both_ways::octets(input, on_card::decode_group, |group| on_card::encode_group(group));
    let read = |octets: &[u8]| on_card::read_probe(octets).map(<[_]>::to_vec);
    both_ways::octets(input, read, |probe| Ok::<_, LdsError>(on_card::probe(probe).to_vec()));
}

/// DG11.
pub fn dg11(input: &[u8]) {
    both_ways::values(input, Dg11::decode, |file| vec(file.encode()));
}

/// DG12.
pub fn dg12(input: &[u8]) {
    both_ways::values(input, Dg12::decode, |file| vec(file.encode()));
}

/// DG13.
pub fn dg13(input: &[u8]) {
    both_ways::octets(input, Dg13::decode, |file| vec(file.encode()));
}

/// DG14, and what a terminal makes of it.
pub fn dg14(input: &[u8]) {
    both_ways::octets(input, Dg14::decode, |file| vec(file.encode()));
    if let Ok(file) = Dg14::decode(input) {
        assert!(bitaqa_secure_messaging::ca::offers(&file.infos).len() <= input.len());
        assert!(file.confirms(&SecurityInfos { infos: Vec::new() }), "nothing announced is confirmed by anything");
    }
}

/// DG15.
pub fn dg15(input: &[u8]) {
    both_ways::octets(input, Dg15::decode, |file| Ok::<_, core::convert::Infallible>(file.encode().into_vec()));
}

/// EF.COM.
pub fn com(input: &[u8]) {
    both_ways::octets(input, Com::decode, |file| vec(file.encode()));
}

/// EF.CardAccess, and what a terminal makes of it.
pub fn card_access(input: &[u8]) {
    both_ways::octets(input, CardAccess::decode, |file| vec(file.encode()));
    both_ways::octets(input, SecurityInfos::from_der, SecurityInfos::to_der);
    if let Ok(infos) = SecurityInfos::from_der(input) {
        let offers = bitaqa_secure_messaging::pace::offers(&infos);
        assert!(offers.spoken.len() + offers.skipped.len() <= infos.infos.len());
    }
}

/// Optional data of the national card.
pub fn optional_data(input: &[u8]) {
    both_ways::octets(input, OptionalData::decode, |file| vec(file.encode()));
}

/// Every file of ISO/IEC 7816-15 that the eID has.
pub fn cia(input: &[u8]) {
    both_ways::octets(input, CardInfo::decode, |file| vec(file.encode()));
    both_ways::octets(input, ApplicationTemplate::decode_all, |all| vec(ApplicationTemplate::encode_all(all)));
    both_ways::octets(input, ObjectDirectory::decode_all, |all| vec(ObjectDirectory::encode_all(all)));
    both_ways::octets(input, PrivateKey::decode_all, |all| vec(PrivateKey::encode_all(all)));
    both_ways::octets(input, PublicKey::decode_all, |all| vec(PublicKey::encode_all(all)));
    both_ways::octets(input, Certificate::decode_all, |all| vec(Certificate::encode_all(all)));
    both_ways::octets(input, Password::decode_all, |all| vec(Password::encode_all(all)));
}
