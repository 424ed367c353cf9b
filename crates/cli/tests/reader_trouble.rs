//! What goes wrong at a reader: no service, no card, a card pulled out, a reader that vanishes, another program that
//! holds the card. Each is told with the card's state and the safe next step, and the image is whole after all of them.

// Helpers of tests may panic like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::support::{self, Desk, pcscd, run};

/// Runs a script that starts nothing by itself.
fn bare(desk: &Desk, script: &str) -> Option<support::Output> {
    pcscd::bare(&desk.path(""), &desk.image(), script)
}

#[test]
fn without_the_service_the_doctor_is_named_and_knows_the_remedy() {
    let desk = Desk::new();
    let script = r#"
"$B" card info --reader Gem; echo "info $?"
"$B" readers; echo "readers $?"
"$B" doctor
start_pcscd || exit
"$B" doctor
"$B" card info --reader "Virtual PCD 00 00"; echo "empty $?"
"$B" card info --reader "Virtual"; echo "several $?"
"$B" card info --reader Gem; echo "none $?"
"#;
    let Some(output) = bare(&desk, script) else { return };
    let (out, err) = (&output.stdout, &output.stderr);
    for line in ["info 4", "readers 4", "empty 4", "several 4", "none 4"] {
        assert!(out.contains(line), "{line}: {output:?}");
    }
    assert!(out.contains("does not run") && out.contains("systemctl enable --now pcscd.socket"), "{out}");
    assert!(out.contains("2 of 16"), "{out}");
    for words in [
        "nothing was sent to a card. Next: `bitaqa doctor`",
        "no card in `Virtual PCD 00 00`",
        "`Virtual PCD 00 00`, `Virtual PCD 00 01`; give a longer name",
        "no reader named `Gem`; there are",
    ] {
        assert!(err.contains(words), "{words}: {err}");
    }
}

#[test]
fn a_command_waits_for_a_card_as_long_as_it_is_told() {
    let desk = Desk::new();
    let script = r#"
start_pcscd || exit
T=$(date +%s%N); "$B" card info --reader "$R" --wait 1; echo "empty $?"
echo "waited $(( ($(date +%s%N) - T) / 1000000 ))"
"$B" card info --reader "$R" --wait 20 --json & W1=$!
sleep 0.5; start_card "$IMAGE"
wait $W1; echo "came $?"
stop_card
"#;
    let Some(output) = bare(&desk, script) else { return };
    let out = &output.stdout;
    assert!(out.contains("empty 4") && out.contains("came 0"), "{output:?}");
    let waited = out.lines().find_map(|line| line.strip_prefix("waited ")).unwrap().parse::<u64>().unwrap();
    assert!(waited >= 900, "{waited} ms");
}

/// The card is pulled out in the middle of an order. The next run goes on where the card stands.
#[test]
fn a_card_pulled_out_in_mid_order_is_told_and_the_order_resumed() {
    let desk = Desk::new();
    let script = r#"
start_pcscd || exit
order() {
    "$B" personalise --profile cnie-2.0 --applicant "$D/applicant/record.json" --pki "$D/pki" --reader "$R" \
        --journal "$D/journal" --yes >/dev/null
}
start_card "$IMAGE"; wait_card || exit
order & O=$!
for i in $(seq 1000); do grep -qs '"kind":"done"' "$D/journal" && break; sleep 0.01; done
kill -KILL $S; wait $O; echo "pulled $?"
wait $S; wait_card no
# A card that is back before pcscd has looked was never away for it.
sleep 1
start_card "$IMAGE"; wait_card || exit
order; echo "again $?"
stop_card; echo "saved $?"
"#;
    let Some(output) = bare(&desk, script) else { return };
    for line in ["pulled 4", "again 0", "saved 0"] {
        assert!(output.stdout.contains(line), "{line}: {output:?}");
    }
    assert!(output.stderr.contains("the card was removed in mid-command"), "{output:?}");
    let info = run(&["card", "info", "--image", &desk.arg("card.image"), "--json"]).expect_code(0).json();
    assert_eq!((&info["damaged_cells"], &info["card_state"]), (&0.into(), &"SECURED".into()));
}

/// pcscd dies in mid-command and starts anew: the command tells what that means, the served card is back by itself.
#[test]
fn a_service_that_ends_is_told_and_a_served_card_attaches_again() {
    let desk = Desk::issued();
    let script = r#"
start_pcscd || exit
start_card "$IMAGE"; wait_card || exit
for i in $(seq 60000); do echo 00A4040007A0000002471001; done >"$D/many"
"$B" card apdu --reader "$R" --file "$D/many" >/dev/null & A=$!
for i in $(seq 500); do "$B" readers | grep -q "in use" && break; sleep 0.02; done
kill -KILL $P; wait $A; echo "died $?"
wait $P; start_pcscd || exit
wait_card || exit
"$B" card info --reader "$R" >/dev/null; echo "again $?"
stop_card; echo "saved $?"
"#;
    let Some(output) = bare(&desk, script) else { return };
    for line in ["died 4", "again 0", "saved 0"] {
        assert!(output.stdout.contains(line), "{line}: {output:?}");
    }
    for words in ["the reader vanished in mid-command", "unknown: whether the last command"] {
        assert!(output.stderr.contains(words), "{words}: {output:?}");
    }
    // At least two: a service that is ending or only beginning may take the connection and close it at once.
    let told = output.stderr.lines().find_map(|line| line.strip_suffix(" attachments")?.rsplit(' ').next());
    assert!(told.unwrap().parse::<u64>().unwrap() >= 2, "{output:?}");
}

#[test]
fn a_card_that_another_program_holds_is_not_touched() {
    let desk = Desk::issued();
    let script = r#"
for i in $(seq 60000); do echo 00A4040007A0000002471001; done >"$D/many"
"$B" card apdu --reader "$R" --file "$D/many" >/dev/null 2>&1 & O=$!
for i in $(seq 100); do "$B" readers | grep -q "in use" && break; sleep 0.02; done
"$B" card info --reader "$R" || echo "second $?"
"$B" doctor
kill $O; wait $O || true
"#;
    let Some(output) = pcscd::with_card(&desk.path(""), &desk.image(), script) else { return };
    assert!(output.stdout.contains("second 4"), "{output:?}");
    assert!(output.stderr.contains("another program holds the card"), "{output:?}");
    assert!(output.stderr.contains("nothing was sent to a card"), "{output:?}");
    assert!(output.stdout.contains("scdaemon"), "{output:?}");
}
