//! `bitaqa card apdu`: commands as text, through the session or as they are, with expectations.

use bitaqa_apdu::{Command, Response, Sw, Transport, describe};
use bitaqa_terminal::session::SessionError;
use serde::Serialize;

use crate::apdu_text::{self, Line};
use crate::args::Apdu;
use crate::card_channel::{Access, failure, with_card};
use crate::card_source::{AnyCard, reader_failure};
use crate::commands::personalise::OptionalTrace;
use crate::exit::{Class, Failure};
use crate::output::Output;
use crate::passphrase::Source;

#[derive(Serialize)]
struct Report {
    card: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    chip: Option<String>,
    as_expected: bool,
    sent: usize,
    of: usize,
    exchanges: Vec<Exchanged>,
}

#[derive(Serialize)]
struct Exchanged {
    command: String,
    name: String,
    response: String,
    sw: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sw_name: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    expected: Vec<String>,
    as_expected: bool,
}

impl Exchanged {
    fn new(line: &Line, response: &Response) -> Self {
        let name = Command::parse(&line.octets).map_or_else(|_| String::new(), |command| describe::command(&command));
        Self {
            command: hex::encode_upper(&line.octets),
            name,
            response: hex::encode_upper(&response.data),
            sw: response.sw.to_string(),
            sw_name: response.sw.name(),
            expected: line.expected.iter().map(ToString::to_string).collect(),
            as_expected: line.is_met_by(response.sw),
        }
    }

    fn human(&self) -> String {
        let expected =
            if self.as_expected { String::new() } else { format!(", expected {}", self.expected.join(" or ")) };
        let name = self.sw_name.map(|name| format!(" {name}")).unwrap_or_default();
        format!("> {}  {}\n< {}{}{name}{expected}", self.command, self.name, self.response, self.sw)
    }
}

/// Runs the command. All texts are read before the first goes to the card.
///
/// # Errors
/// Bad input for a text that is no command, card, verdict for a status word that is not as expected: the report has
/// then been given all the same.
pub fn run(request: &Apdu, source: &Source, output: Output) -> Result<(), Failure> {
    let lines = match &request.file {
        Some(file) => apdu_text::file(file, !request.raw)?,
        None => apdu_text::arguments(&request.commands, !request.raw)?,
    };
    let report =
        if request.raw { raw(request, &lines, output)? } else { through_session(request, &lines, source, output)? };
    output.result(&report, || {
        let exchanges: Vec<String> = report.exchanges.iter().map(Exchanged::human).collect();
        exchanges.join("\n")
    })?;
    if report.as_expected {
        return Ok(());
    }
    let first = report.exchanges.iter().position(|exchanged| !exchanged.as_expected).unwrap_or_default();
    Err(Failure::reported(format!(
        "command {} of {} was not answered as expected. The card: has carried out {} of them, {}. \
         Next: it is reset when the next program takes it",
        first + 1,
        report.of,
        report.exchanges.iter().filter(|exchanged| exchanged.sw == Sw::OK.to_string()).count(),
        if report.sent < report.of { "the rest was not sent" } else { "all were sent" },
    )))
}

fn through_session(request: &Apdu, lines: &[Line], source: &Source, output: Output) -> Result<Report, Failure> {
    let access = Access::of(&request.channel, source)?;
    let mut trace = OptionalTrace::with_data(request.trace_data.as_deref())?;
    with_card(&request.card, access.as_ref(), &mut trace, output, |session, opened| {
        let chip = opened.map(|opened| opened.chip.clone());
        exchange_all(request, chip, lines, &mut |line| {
            let command = Command::parse(&line.octets).map_err(|sw| Failure::new(Class::Internal, sw.to_string()))?;
            match session.send(command) {
                Ok(response) => Ok(response),
                // A plain answer under protection is an answer too: the card has ended the session.
                Err(SessionError::SecureMessaging { at, source }) => {
                    let error = SessionError::SecureMessaging { at, source };
                    Err(failure(&error.into(), "unchanged"))
                }
                Err(error) => Err(failure(&error.into(), "unchanged")),
            }
        })
    })
}

fn raw(request: &Apdu, lines: &[Line], output: Output) -> Result<Report, Failure> {
    let mut card = AnyCard::open(&request.card, output)?;
    card.reset().map_err(|error| reader_failure(&error))?;
    let report = exchange_all(request, None, lines, &mut |line| {
        let answer = card.transmit(&line.octets).map_err(|error| reader_failure(&error))?;
        Response::parse(&answer)
            .ok_or_else(|| reader_failure(&bitaqa_apdu::TransportError::ShortResponse(answer.len())))
    });
    let put_away = card.put_away();
    let report = report?;
    put_away?;
    Ok(report)
}

fn exchange_all(
    request: &Apdu,
    chip: Option<String>,
    lines: &[Line],
    send: &mut dyn FnMut(&Line) -> Result<Response, Failure>,
) -> Result<Report, Failure> {
    let mut exchanges: Vec<Exchanged> = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let response = send(line).map_err(|mut failed| {
            failed.message = format!("command {} of {}: {}", index + 1, lines.len(), failed.message);
            failed
        })?;
        exchanges.push(Exchanged::new(line, &response));
        if exchanges.last().is_some_and(|last| !last.as_expected) && !request.keep_going {
            break;
        }
    }
    let as_expected = exchanges.iter().all(|exchanged| exchanged.as_expected);
    Ok(Report { card: request.card.name(), chip, as_expected, sent: exchanges.len(), of: lines.len(), exchanges })
}
