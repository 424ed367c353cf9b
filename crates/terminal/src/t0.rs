//! Commands over T=0, whose frames have one length field only (7816-3 §12.2): what a case 4 command becomes, and how a
//! response behind a warning is fetched. GET RESPONSE after 61xx and the second try after 6Cxx are the session's.

use bitaqa_apdu::{Bytes, Command, Response, Sw, TransportError, ins};

/// What is sent for a command: its Le goes where there is data, since the card then tells by 61xx how much waits.
///
/// # Errors
/// [`TransportError::Reader`] for extended length fields, which this protocol does not have.
pub fn frame(command: &[u8]) -> Result<&[u8], TransportError> {
    let parsed = Command::parse(command)
        .map_err(|_| TransportError::Reader("a command whose length fields disagree was not sent over T=0".into()))?;
    if parsed.needs_extended() || (command.len() > 5 && command.get(4) == Some(&0)) {
        let what = "extended length fields do not pass T=0; the command was not sent";
        return Err(TransportError::Reader(what.into()));
    }
    let is_case_4 = !parsed.data.is_empty() && parsed.ne > 0;
    Ok(if is_case_4 { command.split_last().map_or(command, |(_, before)| before) } else { command })
}

/// Sends one command. A warning without data after a case 4 command may have data behind it: they are asked for once,
/// and come back with the warning.
///
/// # Errors
/// What `send` gives, and what [`frame`] does not let pass.
pub fn exchange(
    command: &[u8],
    send: &mut dyn FnMut(&[u8]) -> Result<Bytes, TransportError>,
) -> Result<Bytes, TransportError> {
    let framed = frame(command)?;
    let answer = send(framed)?;
    let warned = match *answer {
        [sw1 @ (0x62 | 0x63), sw2] if framed.len() < command.len() => Sw(u16::from_be_bytes([sw1, sw2])),
        _ => return Ok(answer),
    };
    // Counted tries and "more data available" are words of their own, nothing waits behind them.
    if warned == Sw::MORE_DATA || warned.0 & 0xFFF0 == 0x63C0 {
        return Ok(answer);
    }
    let class = command.first().copied().unwrap_or_default() & 0x03;
    let mut le = 0;
    for _ in 0..2 {
        let more = send(&[class, ins::GET_RESPONSE, 0x00, 0x00, le])?;
        match Response::parse(&more) {
            Some(Response { sw, .. }) if sw.sw1() == 0x6C => le = sw.sw2(),
            Some(Response { data, sw: Sw::OK }) if !data.is_empty() => {
                let mut whole = data;
                whole.as_mut_vec().extend_from_slice(&warned.0.to_be_bytes());
                return Ok(whole);
            }
            _ => return Ok(answer),
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays back, and compares what is sent.
    fn run(command: &[u8], script: &[(&[u8], &[u8])]) -> Vec<u8> {
        let mut script = script.iter();
        let mut send = |sent: &[u8]| {
            let (expected, answer) = script.next().expect("a further command");
            assert_eq!(sent, *expected);
            Ok(Bytes::from(answer.to_vec()))
        };
        let answer = exchange(command, &mut send).unwrap().to_vec();
        assert_eq!(script.len(), 0);
        answer
    }

    #[test]
    fn the_four_cases() {
        let select: &[u8] = &[0, 0xA4, 4, 0, 2, 1, 2];
        let with_le = [select, &[0]].concat();
        assert_eq!(frame(&[0, 0xB0, 0, 0]).unwrap(), [0, 0xB0, 0, 0]);
        assert_eq!(frame(&[0, 0xB0, 0, 0, 5]).unwrap(), [0, 0xB0, 0, 0, 5]);
        assert_eq!(frame(select).unwrap(), select);
        assert_eq!(frame(&with_le).unwrap(), select);
        // 61xx is left to the session.
        assert_eq!(run(&with_le, &[(select, &[0x61, 0x10])]), [0x61, 0x10]);
    }

    #[test]
    fn extended_fields_are_not_sent() {
        for command in [&[0, 0xB0, 0, 0, 0, 1, 0][..], &[0, 0xD6, 0, 0, 0, 0, 1, 7]] {
            assert!(frame(command).is_err(), "{command:02X?}");
        }
    }

    #[test]
    fn data_behind_a_warning_are_fetched() {
        let (command, sent): (&[u8], &[u8]) = (&[0, 0xA4, 4, 0, 1, 9, 0], &[0, 0xA4, 4, 0, 1, 9]);
        let answer = run(
            command,
            &[(sent, &[0x62, 0x83]), (&[0, 0xC0, 0, 0, 0], &[0x6C, 2]), (&[0, 0xC0, 0, 0, 2], &[0x6F, 0, 0x90, 0])],
        );
        assert_eq!(answer, [0x6F, 0, 0x62, 0x83]);
        assert_eq!(run(command, &[(sent, &[0x63, 0xC2])]), [0x63, 0xC2]);
        assert_eq!(run(command, &[(sent, &[0x62, 0x00]), (&[0, 0xC0, 0, 0, 0], &[0x6D, 0])]), [0x62, 0x00]);
    }
}
