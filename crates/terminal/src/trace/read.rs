//! A trace read again: lines become entries, whatever a data field holds.

/// Which line of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `>`: a command as it crossed the interface.
    Command,
    /// `<`: its response.
    Response,
    /// `p>`: the command before it was protected.
    PlainCommand,
    /// `p<`: the response after protection was taken off.
    PlainResponse,
}

impl Side {
    /// The mark at the beginning of the line.
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Command => ">",
            Self::Response => "<",
            Self::PlainCommand => "p>",
            Self::PlainResponse => "p<",
        }
    }

    /// Whether this is a command.
    pub const fn is_command(self) -> bool {
        matches!(self, Self::Command | Self::PlainCommand)
    }
}

/// A line of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which line.
    pub side: Side,
    /// Class, INS, P1, P2 of a command; empty for a response.
    pub header: Vec<u8>,
    /// Octets as counted in the trace.
    pub octets: usize,
    /// Name of a command, or status word of a response with its name.
    pub name: String,
    /// Data field; `None` where the trace has none or left it out.
    pub data: Option<Vec<u8>>,
    /// Whether there was a data field that the trace left out.
    pub left_out: bool,
}

/// A line that is none of a trace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ReadError {
    /// Line number from 1.
    pub line: usize,
    /// What is wrong.
    pub what: &'static str,
}

/// Reads a trace; lines that begin with `#` are comments.
///
/// # Errors
/// [`ReadError`] for the first line that is none.
pub fn read(text: &str) -> Result<Vec<Entry>, ReadError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(|(index, line)| entry(line).map_err(|what| ReadError { line: index + 1, what })).collect()
}

fn entry(line: &str) -> Result<Entry, &'static str> {
    let (mark, rest) = line.split_once(' ').ok_or("no mark of a trace")?;
    let side = [Side::Command, Side::Response, Side::PlainCommand, Side::PlainResponse]
        .into_iter()
        .find(|side| side.mark() == mark)
        .ok_or("begins with none of >, <, p>, p<")?;
    let (header, rest) = if side.is_command() {
        let (header, rest) = rest.split_once(' ').ok_or("no header of a command")?;
        (octets(header).filter(|octets| octets.len() == 4).ok_or("a header is no four octets")?, rest)
    } else {
        (Vec::new(), rest)
    };
    let counted = rest.strip_prefix('[').and_then(|rest| rest.split_once("] "));
    let (count, rest) = counted.ok_or("no count of octets in brackets")?;
    let count = count.parse().map_err(|_| "the count of octets is no number")?;
    let (name, field) = match rest.split_once(" :") {
        Some((name, field)) => (name, Some(field.trim())),
        None => (rest, None),
    };
    let data = match field {
        None | Some("-") => None,
        Some(field) => Some(octets(field).ok_or("the data field is not hexadecimal")?),
    };
    Ok(Entry { side, header, octets: count, name: name.to_owned(), data, left_out: field == Some("-") })
}

fn octets(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_none_are_told_by_number() {
        let good = "# a comment\n> 0CB08100 [23] READ BINARY SFI 01\n< [115] 6282 END_OF_FILE\n";
        let entries = read(good).unwrap();
        assert_eq!(entries[0].header, [0x0C, 0xB0, 0x81, 0x00]);
        assert_eq!((entries[1].octets, entries[1].name.as_str()), (115, "6282 END_OF_FILE"));
        for wrong in ["hello", "> 0CB081 [2] X", "> 0CB08100 23 X", "< [x] 9000", "< [2] 9000 : 0", "? [2] 9000"] {
            assert_eq!(read(&format!("{good}{wrong}")).err().map(|error| error.line), Some(4), "{wrong}");
        }
    }
}
