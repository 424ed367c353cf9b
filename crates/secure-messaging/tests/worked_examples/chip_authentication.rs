//! Chip Authentication, before secure messaging wraps it.

use crate::case::{Case, command, response};
use crate::script::Script;
use bitaqa_apdu::{Command, Response, Sw, tlv};
use bitaqa_curves::{Domain, PrivateKey};
use bitaqa_lds::security_infos::{self as infos, ChipAuthenticationInfo, SecurityInfo, SecurityInfos};
use bitaqa_pki::spki;
use bitaqa_secure_messaging::ca::{self, Agreed, CardCa, CardKat, Commands};
use bitaqa_secure_messaging::kdf::{self, Purpose};
use bitaqa_secure_messaging::sm::{Cipher, IsoSm};
use core::convert::Infallible;

/// Both roles of one dialogue; what DG14 says leads to the key.
pub fn replay(case: &Case) {
    let entries = ["info", "chip_public_key_info"].map(|key| SecurityInfo::from_der(&case.octets(key)).unwrap());
    let dg14 = SecurityInfos { infos: entries.to_vec() };
    let [offer] = <[_; 1]>::try_from(ca::offers(&dg14)).unwrap();
    assert_eq!(infos::name(&offer.info.protocol), Some(case.text("mechanism")));
    assert_eq!(offer.info.key_id.map(i64::from), case.maybe_number("key_id"));
    let domain = Domain::from_parameter_id(u8::try_from(case.number("parameter_id")).unwrap()).unwrap();
    let chip = PrivateKey::from_bytes(domain, &case.octets("chip_key")).unwrap();
    let commands = match case.text("sequence") {
        "KAT" => Commands::SetKat,
        "AT" => Commands::SetAt,
        other => panic!("{other}"),
    };

    let card = as_card(case, &offer.info, &chip, commands);
    let mut exchanges = case.dialogue().into_iter();
    let mut send = |sent: Command| {
        let (expected, answer) = exchanges.next().expect("an exchange more than the dialogue has");
        assert_eq!(hex::encode_upper(sent.encode().unwrap()), hex::encode_upper(expected));
        Ok::<_, Infallible>(response(&answer))
    };
    let mut rng = Script::new().key(domain, &case.octets("terminal_priv"));
    let terminal = ca::agree_by(&mut send, commands, &offer.info, offer.key, &mut rng).unwrap();
    assert!(exchanges.next().is_none() && rng.is_spent());

    let cipher = cipher(case.text("mechanism"));
    let (ks_enc, ks_mac) = (case.octets("ks_enc"), case.octets("ks_mac"));
    for agreed in [card, terminal] {
        check(agreed, cipher, &case.octets("pcd_compressed"), &ks_enc, &ks_mac);
    }
}

/// Keys and shared secret that a standard prints for version 2: the agreement itself is that of version 1, the keys out
/// of the secret are not, and so no dialogue is printed that fits.
pub fn replay_agreement(case: &Case) {
    let domain = Domain::from_parameter_id(u8::try_from(case.number("id")).unwrap()).unwrap();
    let key = |name| PrivateKey::from_bytes(domain, &case.octets(name)).unwrap();
    let chip = key("chip_priv");
    assert_eq!(chip.public().encode(), case.octets("chip_pub"));
    let is_dh = matches!(domain, Domain::Dh(_));
    let (ecdh, dh) = (infos::ID_CA_ECDH_AES_CBC_CMAC_128, infos::ID_CA_DH_AES_CBC_CMAC_128);
    let info = ChipAuthenticationInfo { protocol: if is_dh { dh } else { ecdh }, version: 1, key_id: None };
    let public_key = spki::encode_agreement_key(&chip.public()).unwrap();
    let protocol = if is_dh { infos::ID_PK_DH } else { infos::ID_PK_ECDH };
    let dg14 = infos::ChipAuthenticationPublicKeyInfo { protocol, public_key, key_id: None };
    let (mut stage, mut on_card) = (None, None);
    let mut send = |sent: Command| -> Result<Response, Infallible> {
        let Some(begun) = stage.take() else {
            stage = Some(CardCa::begin(&sent, std::slice::from_ref(&info)).unwrap());
            return Ok(Sw::OK.into());
        };
        assert_eq!(*sent.data, tlv::tlv(0x7C, &tlv::tlv(0x80, &case.octets("terminal_pub"))));
        let (response, agreed) = CardCa::general_authenticate(begun, &sent, &chip).unwrap();
        on_card = Some(agreed);
        Ok(response)
    };
    let mut rng = Script::new().key(domain, &case.octets("terminal_priv"));
    let terminal = ca::agree(&mut send, &info, &dg14, &mut rng).unwrap();
    let keys = [Purpose::Encryption, Purpose::Authentication]
        .map(|purpose| kdf::derive(&case.octets("K"), purpose, Cipher::Aes128));
    for agreed in [terminal, on_card.unwrap()] {
        check(agreed, Cipher::Aes128, &case.octets("terminal_compressed"), &keys[0], &keys[1]);
    }
}

fn as_card(case: &Case, info: &ChipAuthenticationInfo, key: &PrivateKey, commands: Commands) -> Agreed {
    let mut dialogue = case.dialogue().into_iter();
    let (sent, answer) = dialogue.next().unwrap();
    let offered = std::slice::from_ref(info);
    let (response, agreed) = match commands {
        Commands::SetKat => CardKat::begin(&command(&sent), offered).unwrap().agree(key).unwrap(),
        Commands::SetAt => {
            assert_eq!(answer, [0x90, 0x00]);
            let begun = CardCa::begin(&command(&sent), offered).unwrap();
            begun.general_authenticate(&command(&dialogue.next().unwrap().0), key).unwrap()
        }
    };
    assert_eq!(response.encode().to_vec(), case.dialogue().pop().unwrap().1);
    assert!(dialogue.next().is_none());
    agreed
}

fn cipher(mechanism: &str) -> Cipher {
    let ends = [("3DES-CBC-CBC", Cipher::TripleDes), ("128", Cipher::Aes128), ("192", Cipher::Aes192)];
    ends.into_iter().find(|(end, _)| mechanism.ends_with(end)).map_or(Cipher::Aes256, |(_, cipher)| cipher)
}

fn check(mut agreed: Agreed, cipher: Cipher, pcd_compressed: &[u8], ks_enc: &[u8], ks_mac: &[u8]) {
    let mut expected = IsoSm::new(cipher, ks_enc, ks_mac).unwrap();
    let plain = Command::new(0xB0, 0x9E, 0).data([1, 2, 3]).ne(5);
    let wire = bitaqa_secure_messaging::SecureMessaging::protect_command(&mut expected, plain.clone());
    assert_eq!(agreed.sm.protect_command(plain), wire);
    assert_eq!(hex::encode_upper(agreed.pcd_compressed), hex::encode_upper(pcd_compressed));
}
