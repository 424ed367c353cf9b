//! Every command as a user calls it.

// The whole file is a test: its helpers may fail as loudly as its tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod support;

use support::Desk;

#[test]
fn an_issued_card_opens_by_can() {
    let desk = Desk::new();
    desk.personalise(&[]).expect_code(0);
    desk.inspect(&[]).expect_code(0);
    let desk = Desk::issued();
    let lines = desk.mrz_lines().join("\n");
    desk.inspect(&["--mrz", &lines]).expect_code(0);
}
