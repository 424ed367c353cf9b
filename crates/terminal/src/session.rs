//! One session with one card: length limits, command chaining, GET RESPONSE, 6Cxx, secure messaging and trace live in
//! [`Session::send`] and nowhere else.

use bitaqa_apdu::tlv::{self, Reader};
use bitaqa_apdu::{Bytes, Class, Command, Response, Sw, Transport, TransportError, describe, ins};
use bitaqa_secure_messaging::secure_channel::SecureChannel;
use bitaqa_secure_messaging::{SecureMessaging, SmError};

use crate::trace::{Exchange, Trace};

/// Why an exchange gave no usable response.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Reader or card did not answer.
    #[error("{at}: {source}")]
    Transport {
        /// The command.
        at: String,
        /// The cause.
        source: TransportError,
    },
    /// The response failed secure messaging: it is not from the chip that the session was agreed with, or the chip
    /// ended the session.
    #[error("{at}: secure messaging: {source}")]
    SecureMessaging {
        /// The command.
        at: String,
        /// The cause.
        source: SmError,
    },
    /// The card refused.
    #[error("{at}: the card answered {sw:?}")]
    Status {
        /// The command.
        at: String,
        /// Its answer.
        sw: Sw,
    },
    /// The terminal itself went no further.
    #[error("{at}: {why}")]
    Withheld {
        /// The last command that was sent.
        at: String,
        /// Why nothing came after it.
        why: String,
    },
    /// The answer has not the form that its command demands.
    #[error("{at}: {what}")]
    Malformed {
        /// The command.
        at: String,
        /// What is wrong.
        what: String,
    },
}

impl SessionError {
    /// The status word, when the card answered one.
    pub fn sw(&self) -> Option<Sw> {
        match self {
            Self::Status { sw, .. } => Some(*sw),
            _ => None,
        }
    }

    /// Whether the card or the reader is gone: no further command has a chance.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Transport { .. })
    }
}

/// The most that one command can ask for (7816-4 §5.2), with room for the objects of secure messaging around it. A card
/// that announces more by 61xx would go on for ever.
const RESPONSE_BYTES_MAX: usize = 0x1_0000 + 64;

/// GET RESPONSE commands for one response: four times as many as full parts would need.
const RESPONSE_PARTS_MAX: usize = 0x400;

/// Length limits of card and reader for one exchange, in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest data field of a command.
    pub nc_max: usize,
    /// Largest data field of a response.
    pub ne_max: u32,
}

impl Limits {
    /// Short length fields.
    pub const SHORT: Self = Self { nc_max: 255, ne_max: 256 };
    /// Extended length fields where nobody has said how long, kept to what the smaller buffers of common chips hold.
    pub const EXTENDED: Self = Self { nc_max: 2039, ne_max: 2046 };

    /// Out of the octets of the longest command and the longest response that a card takes and gives (7816-4 §12.7.1).
    /// Buffers that are no longer than short fields reach make [`Limits::SHORT`].
    pub fn of_buffers(command_bytes: usize, response_bytes: usize) -> Self {
        /// Header and both length fields of an extended command, and the status word of a response.
        const AROUND: (usize, usize) = (9, 2);
        let nc_max = command_bytes.saturating_sub(AROUND.0).min(0xFFFF);
        let ne_max = u32::try_from(response_bytes.saturating_sub(AROUND.1)).unwrap_or(u32::MAX);
        let extended = Self { nc_max, ne_max: ne_max.min(Command::NE_EXTENDED_MAX) };
        let worth_it = extended.nc_max >= Self::SHORT.nc_max && extended.ne_max >= Self::SHORT.ne_max;
        if worth_it { extended } else { Self::SHORT }
    }

    /// What EF.ATR/INFO tells of the exact lengths; `None` when it is silent. That extended length is known at all
    /// (capabilities, 47) is not enough to use it for files (9303-11 §9.3.1.2).
    pub fn of_file(content: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(content);
        while let Ok(Some(object)) = reader.next() {
            if object.tag != 0x7F66 {
                continue;
            }
            let sizes = tlv::all(object.value).ok()?;
            let mut sizes = sizes.iter().map(|size| {
                let octets = size.value.iter();
                octets.fold(0_usize, |number, octet| number.saturating_mul(256).saturating_add(usize::from(*octet)))
            });
            return Some(Self::of_buffers(sizes.next()?, sizes.next()?));
        }
        None
    }

    fn is_extended(self) -> bool {
        self.nc_max > Command::NC_SHORT_MAX
    }
}

/// What protects the commands of a session.
enum Protection {
    /// ISO secure messaging.
    Iso(Box<dyn SecureMessaging>),
    /// A secure channel of GlobalPlatform, which has a key for sensitive data beside.
    Channel(Box<dyn SecureChannel>),
}

impl Protection {
    fn verbs(&self) -> &dyn SecureMessaging {
        match self {
            Self::Iso(session) => session.as_ref(),
            Self::Channel(channel) => channel.as_ref(),
        }
    }

    /// Whether a response carries a MAC: bit 10 of the level of a secure channel. ISO secure messaging brings its own
    /// Le.
    fn answers_with_mac(&self) -> bool {
        matches!(self, Self::Channel(channel) if channel.level() & 0x10 != 0)
    }

    fn verbs_mut(&mut self) -> &mut dyn SecureMessaging {
        match self {
            Self::Iso(session) => session.as_mut(),
            Self::Channel(channel) => channel.as_mut(),
        }
    }
}

/// A session with a card.
pub struct Session<'t> {
    transport: &'t mut dyn Transport,
    trace: &'t mut dyn Trace,
    protection: Option<Protection>,
    channel: u8,
    limits: Limits,
    /// What the answer to reset and the reader have room for.
    announced: Limits,
    by_identifier: bool,
}

impl<'t> Session<'t> {
    /// Resets the card. Extended length is used when the ATR announces it.
    ///
    /// # Errors
    /// [`SessionError::Transport`].
    pub fn open(transport: &'t mut dyn Transport, trace: &'t mut dyn Trace) -> Result<Self, SessionError> {
        let atr = transport.reset().map_err(|source| SessionError::Transport { at: "reset".into(), source })?;
        let extended = atr.announces_extended_length() && transport.carries_extended_length();
        let limits = if extended { Limits::EXTENDED } else { Limits::SHORT };
        Ok(Self { transport, trace, protection: None, channel: 0, limits, announced: limits, by_identifier: false })
    }

    /// Resets the card again: session keys and all volatile state are gone on both sides.
    ///
    /// # Errors
    /// [`SessionError::Transport`].
    pub fn reset(&mut self) -> Result<(), SessionError> {
        self.protection = None;
        self.channel = 0;
        self.transport.reset().map(|_| ()).map_err(|source| SessionError::Transport { at: "reset".into(), source })
    }

    /// From now on, over resets too, files are selected by their identifiers before they are read: the card knows no
    /// short ones.
    pub fn select_by_identifier(&mut self) {
        self.by_identifier = true;
    }

    /// Whether files are to be selected before they are read.
    pub fn selects_by_identifier(&self) -> bool {
        self.by_identifier
    }

    /// Tells the trace what the next exchanges are for.
    pub fn phase(&mut self, name: &str) {
        self.trace.phase(name);
    }

    /// Uses other length limits than the ATR says.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Lengths that were told elsewhere: by an EF.ATR/INFO that was read before, or by the profile of a chip. Nothing
    /// to a card or a reader without extended length.
    pub fn know_limits(&mut self, told: Limits) {
        if self.announced.is_extended() {
            self.limits = told;
        }
    }

    /// For readers of documents: no extended length for files before EF.ATR/INFO has told the exact lengths
    /// (9303-11 §9.3.1.2). Right after a reset, when the master file is the current one, one READ BINARY asks for it,
    /// where the answer to reset announces extended length. Gives the file, where there is one.
    ///
    /// # Errors
    /// [`SessionError`] when the card does not answer; a refusal is none.
    pub fn ask_limits(&mut self) -> Result<Option<Bytes>, SessionError> {
        self.limits = Limits::SHORT;
        if !self.announced.is_extended() {
            return Ok(None);
        }
        let read = Command::new(ins::READ_BINARY, 0x80 | Self::ATR_INFO, 0x00).ne(Command::NE_SHORT_MAX);
        let file = self.send(read)?;
        let content = matches!(file.sw, Sw::OK | Sw::END_OF_FILE).then_some(file.data);
        self.limits = content.as_deref().and_then(Limits::of_file).unwrap_or(Limits::SHORT);
        Ok(content)
    }

    /// Short identifier of EF.ATR/INFO below the master file, 7816-4 §12.2.2.
    const ATR_INFO: u8 = 0x01;

    /// Limits for this command: MSE:Set KAT and GENERAL AUTHENTICATE may always have the lengths that the card
    /// announces (9303-11 §9.3.1.2).
    fn limits_of(&self, command: &Command) -> Limits {
        let agreement = command.ins == ins::GENERAL_AUTHENTICATE
            || (command.ins == ins::MANAGE_SECURITY_ENVIRONMENT && command.p1p2() == 0x41A6);
        if agreement && !self.limits.is_extended() { self.announced } else { self.limits }
    }

    /// Protects everything from the next command on.
    pub fn protect_with(&mut self, secure_messaging: Box<dyn SecureMessaging>) {
        self.protection = Some(Protection::Iso(secure_messaging));
    }

    /// Speaks through this secure channel from the next command on.
    pub fn open_channel(&mut self, channel: Box<dyn SecureChannel>) {
        self.protection = Some(Protection::Channel(channel));
    }

    /// The secure channel, where one is open.
    pub fn secure_channel(&self) -> Option<&dyn SecureChannel> {
        match &self.protection {
            Some(Protection::Channel(channel)) => Some(channel.as_ref()),
            _ => None,
        }
    }

    /// Forgets the session keys: what follows is sent in plain, which ends the session on the card too.
    pub fn end_protection(&mut self) {
        self.protection = None;
    }

    /// Speaks on another logical channel from the next command on, without protection: each channel has its own.
    pub fn use_logical_channel(&mut self, number: u8) {
        self.protection = None;
        self.channel = number;
    }

    /// Largest plain data field that goes into one command under the current protection.
    pub fn max_data(&self) -> usize {
        self.max_data_within(self.limits)
    }

    fn max_data_within(&self, limits: Limits) -> usize {
        let wire = limits.nc_max;
        self.protection.as_ref().map_or(wire, |held| held.verbs().max_plain_data(wire))
    }

    /// Largest plain response that one command can ask for: under secure messaging the data objects take their part.
    pub fn max_ne(&self) -> u32 {
        let wire = usize::try_from(self.limits.ne_max).unwrap_or(usize::MAX);
        let plain = self.protection.as_ref().map_or(wire, |held| held.verbs().max_plain_data(wire));
        u32::try_from(plain).unwrap_or(self.limits.ne_max)
    }

    /// Sends one plain command and brings its plain response: any status word, data with 9000, 62xx and 63xx only. A
    /// data field beyond the limit goes as a chain, each link protected by itself (7816-4 §5.3.3).
    ///
    /// # Errors
    /// [`SessionError`] when no trustworthy response came; the session is then without protection.
    pub fn send(&mut self, command: Command) -> Result<Response, SessionError> {
        let name = describe::command(&command);
        // A card or reader may announce more than it takes: 6700 means that nothing was done (7816-4 §5.6), so the
        // same goes once more with short fields. Under a session that answer has ended the session already.
        if self.protection.is_none() && self.limits_of(&command).is_extended() && command.needs_extended() {
            let response = self.send_parts(command.clone(), &name)?;
            if response.sw != Sw::WRONG_LENGTH || !response.data.is_empty() {
                return Ok(response);
            }
            self.limits = Limits::SHORT;
            self.announced = Limits::SHORT;
        }
        self.send_parts(command, &name)
    }

    /// Sends one command as one or as a chain.
    fn send_parts(&mut self, command: Command, name: &str) -> Result<Response, SessionError> {
        let size = self.max_data_within(self.limits_of(&command)).max(1);
        if command.data.len() <= size {
            return self.send_link(command, name);
        }
        let Command { class, ins, p1, p2, data, ne } = command;
        let mut parts = data.chunks(size).peekable();
        let mut last = Response::from(Sw::OK);
        while let (Some(part), true) = (parts.next(), last.sw == Sw::OK) {
            let more = parts.peek().is_some();
            let link =
                Command { class: class.chained(more), ins, p1, p2, data: part.into(), ne: if more { 0 } else { ne } };
            last = self.send_link(link, name)?;
        }
        Ok(last)
    }

    fn send_link(&mut self, mut command: Command, name: &str) -> Result<Response, SessionError> {
        command.class = command.class.on_channel(self.channel);
        let Some(mut held) = self.protection.take() else {
            let ne_max =
                if self.limits_of(&command).is_extended() { Command::NE_EXTENDED_MAX } else { Command::NE_SHORT_MAX };
            command.ne = command.ne.min(ne_max);
            return self.collect(&command, name);
        };
        let plain_command = command.clone();
        let mut wire = held.verbs_mut().protect_command(command);
        // What has no data of its own comes back with its MAC all the same (Amd D §6.2.5). Without Le a card would keep
        // that back and every command would cost a GET RESPONSE; Le is in no MAC, so it can be put behind.
        if wire.ne == 0 && held.answers_with_mac() {
            wire.ne = Command::NE_SHORT_MAX;
        }
        let response = self.collect(&wire, name)?;
        match held.verbs_mut().unprotect_response(response) {
            Ok(plain) => {
                self.trace.plain(&plain_command, &plain);
                self.protection = Some(held);
                Ok(plain)
            }
            Err(source) => Err(SessionError::SecureMessaging { at: name.to_owned(), source }),
        }
    }

    /// Sends a command that must succeed: 9000, with its data.
    ///
    /// # Errors
    /// [`SessionError::Status`] for every other status word, and what [`Session::send`] answers.
    pub fn expect(&mut self, command: Command) -> Result<Bytes, SessionError> {
        let at = describe::command(&command);
        match self.send(command)? {
            Response { data, sw: Sw::OK } => Ok(data),
            Response { sw, .. } => Err(SessionError::Status { at, sw }),
        }
    }

    /// Sends one command as it is and collects its response over 6Cxx and 61xx (7816-4 §5.3.4).
    fn collect(&mut self, wire: &Command, name: &str) -> Result<Response, SessionError> {
        let mut response = self.transmit(wire, name)?;
        if response.sw.sw1() == 0x6C {
            response = self.transmit(&wire.clone().ne(ne_of(response.sw)), name)?;
        }
        let get_response = Class::INTERINDUSTRY.on_channel(self.channel);
        let mut parts = 0;
        while response.sw.sw1() == 0x61 {
            parts += 1;
            if response.data.len() > RESPONSE_BYTES_MAX || parts > RESPONSE_PARTS_MAX {
                let what = format!("{} octets in {parts} parts, and more announced", response.data.len());
                return Err(SessionError::Malformed { at: name.to_owned(), what });
            }
            let more = self.transmit(
                &Command::new(ins::GET_RESPONSE, 0, 0).class(get_response).ne(ne_of(response.sw)),
                "GET RESPONSE",
            )?;
            if more.data.is_empty() && more.sw.sw1() == 0x61 {
                let what = "announces more data and gives none".to_owned();
                return Err(SessionError::Malformed { at: name.to_owned(), what });
            }
            response.data.as_mut_vec().extend_from_slice(&more.data);
            response.sw = more.sw;
        }
        Ok(response)
    }

    fn transmit(&mut self, wire: &Command, name: &str) -> Result<Response, SessionError> {
        let malformed = |what: String| SessionError::Malformed { at: name.to_owned(), what };
        let octets = wire.encode().map_err(|error| malformed(error.to_string()))?;
        let sent = self.transport.transmit(&octets);
        let answer = sent.map_err(|source| SessionError::Transport { at: name.to_owned(), source })?;
        let response = Response::parse(&answer).ok_or_else(|| SessionError::Transport {
            at: name.to_owned(),
            source: TransportError::ShortResponse(answer.len()),
        })?;
        let (sent_bytes, received_bytes) = (octets.len(), answer.len());
        let received = &*response.data;
        self.trace.exchange(&Exchange { name, wire, sent_bytes, received_bytes, received, sw: response.sw });
        Ok(response)
    }
}

/// Ne that SW2 names: 00 stands for 256.
fn ne_of(sw: Sw) -> u32 {
    match sw.sw2() {
        0 => Command::NE_SHORT_MAX,
        n => n.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Totals;
    use bitaqa_apdu::Atr;

    /// A card that plays back: expected command, answer.
    struct Script(Vec<(Vec<u8>, Vec<u8>)>);

    impl Transport for Script {
        fn reset(&mut self) -> Result<Atr, TransportError> {
            Ok(Atr(vec![0x3B, 0x00]))
        }
        fn transmit(&mut self, command: &[u8]) -> Result<Bytes, TransportError> {
            let (expected, answer) = self.0.remove(0);
            assert_eq!(command, expected);
            Ok(answer.into())
        }
    }

    fn run(script: Vec<(Vec<u8>, Vec<u8>)>, command: Command) -> Result<Response, SessionError> {
        let (mut card, mut trace) = (Script(script), Totals::default());
        let result = Session::open(&mut card, &mut trace).unwrap().send(command);
        assert!(card.0.is_empty(), "commands left");
        result
    }

    #[test]
    fn response_parts_are_collected() {
        let script = vec![
            (vec![0, 0xCA, 0, 0x66, 0], vec![1, 2, 0x61, 0x02]),
            (vec![0, 0xC0, 0, 0, 2], vec![3, 4, 0x61, 0x00]),
            (vec![0, 0xC0, 0, 0, 0], vec![5, 0x90, 0x00]),
        ];
        let response = run(script, Command::new(0xCA, 0, 0x66).ne(256)).unwrap();
        assert_eq!(response, Response::ok([1, 2, 3, 4, 5]));
    }

    #[test]
    fn a_wrong_le_is_corrected_once() {
        let script =
            vec![(vec![0, 0xCA, 0, 0x66, 0], vec![0x6C, 0x03]), (vec![0, 0xCA, 0, 0x66, 3], vec![1, 2, 3, 0x90, 0])];
        assert_eq!(run(script, Command::new(0xCA, 0, 0x66).ne(256)).unwrap(), Response::ok([1, 2, 3]));
    }

    #[test]
    fn long_plain_data_is_chained() {
        let data = vec![7u8; 300];
        let first = [vec![0x10, 0xE2, 0, 0, 255], vec![7; 255]].concat();
        let second = [vec![0x00, 0xE2, 0, 0, 45], vec![7; 45]].concat();
        let script = vec![(first, vec![0x90, 0]), (second, vec![0x6A, 0x80])];
        assert_eq!(run(script, Command::new(0xE2, 0, 0).data(data)).unwrap().sw, Sw::WRONG_DATA);
    }

    #[test]
    fn extended_length_is_given_up_where_the_card_does_not_take_it() {
        let mut card = Script(vec![
            (vec![0, 0xB0, 0x81, 0, 0, 0x07, 0xFE], vec![0x67, 0x00]),
            (vec![0, 0xB0, 0x81, 0, 0], vec![1, 0x90, 0x00]),
            (vec![0, 0xB0, 0x82, 0, 0], vec![2, 0x90, 0x00]),
        ]);
        let mut trace = Totals::default();
        let mut session = Session::open(&mut card, &mut trace).unwrap();
        session.set_limits(Limits::EXTENDED);
        for file in [1, 2] {
            let read = Command::new(0xB0, 0x80 | file, 0).ne(session.max_ne());
            assert_eq!(session.send(read).unwrap(), Response::ok([file]));
        }
        assert_eq!(session.limits(), Limits::SHORT);
    }

    #[test]
    fn the_file_of_capabilities_tells_lengths() {
        let sizes = |command: [u8; 2], response: [u8; 2]| {
            tlv::tlv(0x7F66, &[tlv::tlv(0x02, &command), tlv::tlv(0x02, &response)].concat())
        };
        let capable = tlv::tlv(0x47, &[0x00, 0x00, 0xC0]);
        assert_eq!(Limits::of_file(&capable), None);
        let both = [capable, sizes([0x07, 0xE8], [0x08, 0x00])].concat();
        assert_eq!(Limits::of_file(&both), Some(Limits { nc_max: 0x7DF, ne_max: 0x7FE }));
        assert_eq!(Limits::of_file(&sizes([0x01, 0x05], [0x01, 0x02])), Some(Limits::SHORT));
        assert_eq!(Limits::of_file(&[0x7F]), None);
    }

    #[test]
    fn an_answer_without_status_word_is_an_error() {
        let result = run(vec![(vec![0, 0xB0, 0, 0, 0], vec![0x90])], Command::new(0xB0, 0, 0).ne(256));
        assert!(matches!(result, Err(SessionError::Transport { source: TransportError::ShortResponse(1), .. })));
    }
}
