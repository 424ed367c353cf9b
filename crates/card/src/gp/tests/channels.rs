//! MANAGE CHANNEL and what each channel has for itself.

use bitaqa_apdu::{Class, Command, Sw, ins};

use super::world::{APP, DOMAIN, ISD, Line, get_data, install_app, keys};
use crate::chip::Quirks;

fn manage(p1: u8, p2: u8) -> Command {
    Command::new(ins::MANAGE_CHANNEL, p1, p2).ne(u32::from(p1 == 0 && p2 == 0))
}

fn on(command: Command, channel: u8) -> Command {
    Command { class: command.class.on_channel(channel), ..command }
}

fn select(aid: &[u8]) -> Command {
    Command::new(ins::SELECT, 4, 0).data(aid).ne(256)
}

#[test]
fn nineteen_channels_open_one_after_the_other_and_close_again() {
    let mut line = Line::new();
    for number in 1..=19 {
        assert_eq!(line.plain(&on(get_data(0x00E0), number)).sw, Sw::CHANNEL_NOT_SUPPORTED, "{number} is closed");
        assert_eq!(line.ok(manage(0, 0)), [number]);
        assert_eq!(line.plain(&on(get_data(0x00E0), number)).sw, Sw::OK, "{number} is open");
    }
    assert_eq!(line.sw(manage(0, 0)), Sw::FUNCTION_NOT_SUPPORTED);
    assert_eq!(line.sw(manage(0x80, 7)), Sw::OK);
    assert_eq!(line.sw(manage(0x80, 7)), Sw(0x6200), "closed already");
    assert_eq!(line.plain(&on(get_data(0x00E0), 7)).sw, Sw::CHANNEL_NOT_SUPPORTED);
    assert_eq!(line.ok(manage(0, 0)), [7], "the lowest free one");
    assert_eq!(line.plain(&on(manage(0x80, 3), 3)).sw, Sw::OK, "a channel closes itself");
    assert_eq!(line.sw(manage(0, 3)), Sw::OK, "by its number");
    for (p1, p2) in [(0x80, 0), (0, 3), (0, 20), (0x40, 0)] {
        assert_eq!(line.sw(manage(p1, p2)), Sw::WRONG_P1P2, "{p1:02X}{p2:02X}");
    }
    line.power_cycle();
    assert_eq!(line.plain(&on(get_data(0x00E0), 1)).sw, Sw::CHANNEL_NOT_SUPPORTED, "reset closes all");
}

#[test]
fn a_chip_may_have_fewer_channels() {
    let mut line = Line::with(Quirks { logical_channels: 2, ..Quirks::default() });
    assert_eq!(line.ok(manage(0, 0)), [1]);
    assert_eq!(line.sw(manage(0, 0)), Sw::FUNCTION_NOT_SUPPORTED);
    let mut line = Line::with(Quirks { logical_channels: 1, ..Quirks::default() });
    assert_eq!(line.sw(manage(0, 0)), Sw::FUNCTION_NOT_SUPPORTED);
}

#[test]
fn secure_channel_and_selection_belong_to_one_channel() {
    for other in [1, 9] {
        let mut line = Line::opened();
        line.ok(install_app(APP));
        assert_eq!(line.new_domain(DOMAIN, [0x80, 0, 0]).sw, Sw::OK);
        line.session = None;
        line.select(ISD);
        assert_eq!(line.plain(&manage(0, other)).sw, Sw::OK);
        line.open(ISD, 1, &keys(0x40));
        // The issuer speaks on the basic channel; on the other one he is a stranger, whatever he selects there.
        assert_eq!(line.plain(&on(install_app(&[9; 7]), other)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
        assert_eq!(line.plain(&on(select(APP), other)).sw, Sw::OK);
        assert_eq!(
            line.plain(&on(get_data(0x00E0), other)).sw,
            Sw::SECURITY_STATUS_NOT_SATISFIED,
            "the application answers"
        );
        assert_eq!(line.plain(&on(select(DOMAIN), other)).sw, Sw::OK);
        assert_eq!(line.ok(get_data(0x00E0))[0], 0xE0, "the basic channel has its session still");
        assert_eq!(line.sw(manage(0, 0)), Sw::SM_NOT_SUPPORTED, "and no channel is opened in one");
    }
}

#[test]
fn a_secure_channel_works_on_every_channel() {
    for number in [1, 3, 4, 19] {
        let mut line = Line::new();
        assert_eq!(line.plain(&manage(0, number)).sw, Sw::OK);
        line.open(ISD, 1, &keys(0x40));
        let mut session = line.session.take().unwrap();
        let wire = session.protect_command(get_data(0x00C1));
        // The MAC does not know of channels; a session does not move to another one all the same.
        assert_eq!(line.plain(&on(wire, number)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
    }
}

#[test]
fn a_new_channel_has_the_default_application_or_that_of_the_channel_it_comes_from() {
    let mut line = Line::opened();
    line.ok(install_app(APP));
    line.select(ISD);
    assert_eq!(line.plain(&manage(0, 1)).sw, Sw::OK);
    assert_eq!(line.plain(&on(get_data(0x00E0), 1)).sw, Sw::OK, "no default application: the issuer's domain");
    assert_eq!(line.plain(&on(select(APP), 1)).sw, Sw::OK);
    assert_eq!(line.plain(&on(manage(0, 2), 1)).sw, Sw::OK);
    assert_eq!(
        line.plain(&on(get_data(0x00E0), 2)).sw,
        Sw::SECURITY_STATUS_NOT_SATISFIED,
        "the application of channel 1"
    );
    assert_eq!(line.plain(&Command { class: Class(0xFF), ..get_data(0xE0) }).sw, Sw::CHANNEL_NOT_SUPPORTED);
}

/// A host that leaves Le out of GET RESPONSE too gets what there is, and not 61xx for ever.
#[test]
fn get_response_without_le_asks_for_what_there_is() {
    let mut line = Line::new();
    let first = line.plain(&Command { ne: 0, ..get_data(0x00E0) });
    assert_eq!((first.data.len(), first.sw.sw1()), (0, 0x61));
    let rest = line.plain(&Command::new(ins::GET_RESPONSE, 0, 0));
    assert_eq!((rest.sw, rest.data.first()), (Sw::OK, Some(&0xE0)));
}
