//! Every state of the card against every command, on a real card.

use bitaqa_apdu::{Command, Sw, ins};

use super::world::{APP, ISD, Line, OTHER_APP, delete, get_data, get_status, install, install_app, keys, set_status};
use crate::gp::life_cycle::{CardLife, Request};

/// A command of each kind that a card in use carries out, by what the card's life cycle sees in it.
fn commands() -> Vec<(Request, &'static str, Command)> {
    let gp = Command::globalplatform;
    vec![
        (Request::GetData, "GET DATA", get_data(0x00E0)),
        (Request::GetStatus, "GET STATUS", get_status(0x80, 2, &[0x4F, 0])),
        (Request::Content, "INSTALL", install_app(OTHER_APP)),
        (Request::Content, "INSTALL for personalization", install(0x20, [&[], &[], APP, &[], &[], &[]])),
        (Request::Content, "DELETE", delete(APP, false)),
        (Request::Content, "LOAD", gp(ins::LOAD, 0x80, 0).data([0xC4, 0])),
        (Request::Personalise, "PUT KEY", gp(ins::PUT_KEY, 0, 0x81).data([2])),
        (Request::Personalise, "STORE DATA", gp(ins::STORE_DATA, 0x90, 0).data([0x45, 1, 1])),
    ]
}

/// A card in this state with an application, the issuer's secure channel open if the state has one.
fn card_in(state: CardLife) -> Line {
    let mut line = Line::opened();
    line.ok(install_app(APP));
    let way: &[CardLife] = match state {
        CardLife::OpReady => &[],
        CardLife::Initialized => &[CardLife::Initialized],
        CardLife::Secured => &[CardLife::Initialized, CardLife::Secured],
        CardLife::CardLocked => &[CardLife::Initialized, CardLife::Secured, CardLife::CardLocked],
        CardLife::Terminated => &[CardLife::Terminated],
    };
    for step in way {
        line.ok(set_status(0x80, step.to_byte(), &[]));
    }
    assert_eq!(line.card.life, state);
    line
}

#[test]
fn every_command_in_every_state() {
    for state in CardLife::ALL {
        for (request, name, command) in commands() {
            // The session of before the change lives on: what is refused is refused for the state alone.
            let mut line = card_in(state);
            let sw = line.sw(command.clone());
            let by_state = sw == Sw::CONDITIONS_NOT_SATISFIED && name != "LOAD";
            let refused = by_state || name == "LOAD" && !state.permits(request);
            assert_eq!(!refused, state.permits(request), "{name} in {state:?}: {sw:?}");
        }
    }
}

#[test]
fn every_selection_and_opening_in_every_state() {
    for state in CardLife::ALL {
        let mut line = card_in(state);
        let domain = line.select(ISD);
        assert_eq!(domain.is_processed(), state.permits(Request::SelectFinal), "{state:?}");
        assert_eq!(domain == Sw::DEACTIVATED, state == CardLife::CardLocked, "a locked card says so");
        assert_eq!(line.select(APP) == Sw::OK, state.permits(Request::SelectApplication), "{state:?}");
        let opened = line.try_open(ISD, 1, &keys(0x40));
        assert_eq!(opened.is_ok(), state.permits(Request::OpenChannel), "{state:?}: {opened:?}");
        line.session = None;
        line.select(ISD);
        let channel = line.plain(&Command::new(ins::MANAGE_CHANNEL, 0, 0).ne(1)).sw;
        assert_eq!(channel == Sw::OK, state.permits(Request::ManageChannel), "{state:?}: {channel:?}");
    }
}

#[test]
fn set_status_follows_the_table_from_every_state_to_every_octet() {
    for from in CardLife::ALL {
        for octet in [0x00, 0x01, 0x03, 0x07, 0x0F, 0x1F, 0x7F, 0x80, 0xFF] {
            let mut line = card_in(from);
            let sw = line.sw(set_status(0x80, octet, &[]));
            let expected = match CardLife::from_byte(octet) {
                _ if !from.permits(Request::SetStatus) => Sw::CONDITIONS_NOT_SATISFIED,
                None => Sw::WRONG_DATA,
                Some(to) if from.may_become(to) => Sw::OK,
                Some(_) => Sw::CONDITIONS_NOT_SATISFIED,
            };
            assert_eq!(sw, expected, "{from:?} to {octet:02X}");
            line.power_cycle();
            let now = CardLife::from_byte(octet).filter(|_| sw == Sw::OK).unwrap_or(from);
            assert_eq!(line.card.life, now, "after power-on");
        }
    }
}

#[test]
fn a_locked_card_is_unlocked_by_the_issuer_and_a_terminated_one_by_nobody() {
    let mut line = card_in(CardLife::CardLocked);
    line.power_cycle();
    assert_eq!(line.select(APP), Sw::FILE_NOT_FOUND);
    line.open(ISD, 1, &keys(0x40));
    assert_eq!(line.sw(set_status(0x80, 0x0F, &[])), Sw::OK);
    assert_eq!(line.select(APP), Sw::OK);
    let mut line = card_in(CardLife::Terminated);
    line.power_cycle();
    assert!(line.try_open(ISD, 1, &keys(0x40)).is_err());
    assert_eq!(line.sw(get_data(0x00E0)), Sw::OK);
}
