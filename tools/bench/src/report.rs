//! docs/performance.md: every measurement in one run, with plots.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::apdus::{self, Rate};
use crate::instructions::{self, Counts, SCENARIOS};
use crate::line::{Line, Outcome};
use crate::peer::{self, Peer, Reader};
use crate::plot::{self, Bar};
use crate::primitives::as_f64;
use crate::ratio::{self, Ratio};
use crate::throughput::{self, CARDS_OF_A_YEAR, Throughput};
use crate::wire::{self, Wire, WireRow};

/// Everything that was measured.
#[derive(Serialize)]
pub struct Figures {
    machine: String,
    ratio: Ratio,
    throughput: Throughput,
    wire: Wire,
    /// `None` where no JVM or no JMRTD was there.
    peer: Option<Peer>,
    apdus: Vec<Rate>,
    /// `None` where no valgrind was there.
    instructions: Option<Counts>,
}

/// How much is measured.
pub struct Extent<'a> {
    /// Cards of (b).
    pub cards: u64,
    /// JMRTD's program.
    pub jar: Option<&'a Path>,
}

/// Measures all of it; `say` hears what is under way.
///
/// # Errors
/// A card that does not come out good. What a foreign program lacks is told and left out.
pub fn measure(extent: &Extent<'_>, say: &dyn Fn(&str)) -> Outcome<Figures> {
    let line = Line::new("cnie-2.0", 1)?;
    say("(a) cards and their primitives");
    let ratio = ratio::measure(&line, 7, 20)?;
    say("(c) octets on the wire");
    let wire = wire::measure("cnie-2.0")?;
    say("(d) inspection beside JMRTD");
    let told = |what: &str, error: Box<dyn std::error::Error>| say(&format!("SKIPPED {what}: {error}"));
    let jar = extent.jar.ok_or_else(|| "no program of JMRTD's: it takes Java and Maven to build it".into());
    let peer = jar.and_then(|jar| peer::measure(&line, jar, 50)).map_err(|error| told("(d)", error)).ok();
    say("(e) APDUs a second");
    let apdus = apdus::measure(20_000)?;
    say("(f) instructions");
    let instructions = instructions::count().map_err(|error| told("(f)", error)).ok();
    say(&format!("(b) {} cards", extent.cards));
    let throughput = throughput::measure("cnie-2.0", extent.cards)?;
    Ok(Figures { machine: machine(), ratio, throughput, wire, peer, apdus, instructions })
}

/// Processor and cores, as far as the system tells.
fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or(std::env::consts::ARCH, |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{model}, {cores} cores, {}", std::env::consts::OS)
}

impl Figures {
    /// Writes the page, its plots beside it in a folder of its name, and the figures as JSON into that folder.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn write(&self, page: &Path) -> Outcome<()> {
        let folder = page.with_extension("");
        std::fs::create_dir_all(&folder)?;
        self.plots(&folder)?;
        std::fs::write(folder.join("figures.json"), serde_json::to_string_pretty(self)? + "\n")?;
        Ok(std::fs::write(page, self.page()?)?)
    }

    fn plots(&self, folder: &Path) -> Outcome<()> {
        let phases = self.ratio.phases.iter().map(|row| Bar {
            label: row.name.clone(),
            values: vec![row.microseconds / 1e3, row.primitives_microseconds / 1e3],
        });
        let title = "One card, by phase: time, and the sum of its primitives";
        plot::bars(&folder.join("phases.svg"), title, "ms", &["time", "primitives"], &phases.collect::<Vec<_>>())?;
        let memory: Vec<(f64, f64)> =
            self.throughput.memory.iter().map(|point| (as_f64(point.cards), as_f64(point.kib) / 1024.0)).collect();
        let title = "Resident memory while cards are made";
        plot::line(&folder.join("memory.svg"), title, ["cards", "MiB"], &memory)?;
        let links = self
            .wire
            .links
            .iter()
            .map(|row| Bar { label: row.link.to_owned(), values: vec![row.issue_seconds, row.inspect_seconds] });
        let title = "Predicted time on the link";
        plot::bars(&folder.join("links.svg"), title, "s", &["issue", "inspect"], &links.collect::<Vec<_>>())
    }

    fn page(&self) -> Result<String, std::fmt::Error> {
        let mut page = format!(
            "# Performance\n\nWritten by `tools/bench/report`; change nothing here by hand. Figures of one run \
            on one machine: {}.\n\
             Ratios carry over to other machines, times do not. Nothing of this is asserted by a test, but for \
             counts that no\n\
             machine changes: octets and APDUs on the wire, and instructions.\n\n",
            self.machine
        );
        self.put_ratio(&mut page)?;
        self.put_line(&mut page)?;
        self.put_wire(&mut page)?;
        self.put_peer(&mut page)?;
        self.put_rates(&mut page)?;
        Ok(page)
    }

    fn put_ratio(&self, page: &mut String) -> std::fmt::Result {
        let ratio = &self.ratio;
        writeln!(page, "## (a) One card against the cryptography in it\n")?;
        writeln!(
            page,
            "One cnie-2.0 on the virtual card, from blank chip to verified: issue and inspection, card and \
            terminal in one \
             thread.\nMedian of {} cards: **{:.2} ms**. Sum of its primitives, counted where the code calls the \
             libraries and \
             priced by the bare\nlibraries in the same run: {:.2} ms. Ratio: **{:.2}** (goal: 1.25 at most). \
             Both are processor \
             time; cards and primitives\nwere measured in turns.\n\n![phases](performance/phases.svg)\n",
            ratio.cards,
            ratio.card_microseconds / 1e3,
            ratio.primitives_microseconds / 1e3,
            ratio.quotient
        )?;
        writeln!(page, "| phase | ms | primitives, ms |\n| --- | ---: | ---: |")?;
        for row in &ratio.phases {
            let (time, primitives) = (row.microseconds / 1e3, row.primitives_microseconds / 1e3);
            writeln!(page, "| {} | {time:.3} | {primitives:.3} |", row.name)?;
        }
        writeln!(page, "\n| primitive | calls | octets | ms |\n| --- | ---: | ---: | ---: |")?;
        for row in &ratio.primitives {
            writeln!(page, "| {} | {} | {} | {:.3} |", row.name, row.calls, row.octets, row.microseconds / 1e3)?;
        }
        writeln!(page)
    }

    fn put_line(&self, page: &mut String) -> std::fmt::Result {
        let line = &self.throughput;
        writeln!(page, "## (b) A line of virtual cards\n")?;
        writeln!(
            page,
            "{} cards, issued and verified on {} threads, each chip drawn anew: {:.0} s, **{:.1} cards a \
            second**. The {} cards \
             that\nMorocco issued in 2024 would take {:.1} hours of this machine: what a real line waits for is \
             its chips. Memory at \
             the end is\n{:.2} times what it was after a tenth of the cards.\n\n![memory](performance/memory.svg)\n",
            line.cards,
            line.threads,
            line.seconds,
            line.cards_per_second,
            CARDS_OF_A_YEAR,
            line.hours_of_a_year,
            line.growth()
        )
    }

    fn put_wire(&self, page: &mut String) -> std::fmt::Result {
        let wire = &self.wire;
        writeln!(
            page,
            "## (c) The wire\n\nWriting a cnie-2.0 takes **{:.3}** octets on the wire for each that must get \
            there (goal: 1.05) and \
             **{:.3}** times the fewest\ncommands (goal: 1.02). What counts as payload and what the fewest are: \
             [decision 0017](decisions/0017-few-octets-and-few-commands.md). A test\nholds both, and that an \
             inspection takes no command \
             more than the standards ask for.\n",
            wire.ratio, wire.command_ratio
        )?;
        put_rows(page, "Order without its verification", &wire.issue)?;
        put_rows(page, "Inspection by CAN, with Terminal Authentication and both prints", &wire.inspect)?;
        writeln!(page, "With other buffers of the chip (0: short length fields alone):\n")?;
        writeln!(
            page,
            "| buffers, octets | APDUs written | fewest | octets for one of payload | APDUs inspected | fewest |"
        )?;
        writeln!(page, "| ---: | ---: | ---: | ---: | ---: | ---: |")?;
        for row in &wire.buffers {
            let wire::BufferRow { buffer, apdus, least, ratio, inspect_apdus, inspect_least } = row;
            writeln!(page, "| {buffer} | {apdus} | {least} | {ratio:.3} | {inspect_apdus} | {inspect_least} |")?;
        }
        writeln!(
            page,
            "\nPredicted seconds on the link, frames, guard times and chaining counted, the chip's own time not:\n\n\
             ![links](performance/links.svg)\n\n| link | issue, s | inspect, s |\n| --- | ---: | ---: |"
        )?;
        for row in &wire.links {
            writeln!(page, "| {} | {:.2} | {:.2} |", row.link, row.issue_seconds, row.inspect_seconds)?;
        }
        writeln!(page)
    }

    fn put_peer(&self, page: &mut String) -> std::fmt::Result {
        writeln!(page, "## (d) Beside JMRTD\n")?;
        let Some(peer) = &self.peer else {
            return writeln!(page, "Not measured in this run: no JVM, or no JMRTD.\n");
        };
        writeln!(
            page,
            "The same full inspection of the same card over TCP on this machine: PACE, EF.SOD with its path, \
            Chip and Terminal\n\
             Authentication, every data group read and hashed. The card's own time is in both. JMRTD took \
             **{:.2}** times as \
             long.\n\n| terminal | ms | commands | octets on the wire |\n| --- | ---: | ---: | ---: |",
            peer.ratio
        )?;
        for reader in [&peer.ours, &peer.jmrtd] {
            let Reader { name, milliseconds, commands, wire_octets } = reader;
            writeln!(page, "| {name} | {milliseconds:.1} | {commands:.0} | {wire_octets:.0} |")?;
        }
        writeln!(page)
    }

    fn put_rates(&self, page: &mut String) -> std::fmt::Result {
        writeln!(
            page,
            "## (e) APDUs a second\n\nSELECT by name and READ BINARY of 223 octets under secure messaging, in \
            process.\n"
        )?;
        writeln!(page, "| session | card alone | with the terminal's half |\n| --- | ---: | ---: |")?;
        for rate in &self.apdus {
            writeln!(page, "| {} | {:.0} | {:.0} |", rate.name, rate.card_alone, rate.with_terminal)?;
        }
        writeln!(
            page,
            "\n## (f) Instructions\n\nCounted by callgrind; the same whatever else the machine does. A test \
            compares those of the \
             development build with\n[instructions.json](../tools/bench/instructions.json) and fails beyond 2 \
             %, on machines with that \
             compiler and processor. These are of the\nrelease build.\n"
        )?;
        let Some(counts) = &self.instructions else {
            return writeln!(page, "Not counted in this run: no valgrind.");
        };
        writeln!(page, "| scenario | what it does | million instructions |\n| --- | --- | ---: |")?;
        for (name, count) in &counts.instructions {
            let what = SCENARIOS.iter().find(|row| row.0 == name).map_or("", |row| row.1);
            writeln!(page, "| `{name}` | {what} | {:.1} |", as_f64(*count) / 1e6)?;
        }
        Ok(())
    }
}

fn put_rows(page: &mut String, title: &str, rows: &[WireRow]) -> std::fmt::Result {
    writeln!(
        page,
        "| {title} | APDUs | fewest | extended | octets sent | received | payload |\n| --- | ---: | ---: | ---: \
        | ---: | ---: | ---: |"
    )?;
    for row in rows {
        let WireRow { phase, apdus, least, extended, sent, received, payload } = row;
        writeln!(page, "| {phase} | {apdus} | {least} | {extended} | {sent} | {received} | {payload} |")?;
    }
    writeln!(page)
}
