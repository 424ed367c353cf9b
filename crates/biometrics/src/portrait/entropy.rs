//! Whether a sequential JPEG has data for all of its blocks (ITU-T T.81 Annex F): a decoder fills what is missing with
//! grey and says nothing. Codes are walked and no sample is made.

/// Blocks of a frame are counted by its components.
struct Component {
    id: u8,
    across: usize,
    down: usize,
}

/// What SOF told.
struct Frame {
    width: usize,
    height: usize,
    components: Vec<Component>,
}

/// Codes of one length run from a first one on (T.81 C.2).
#[derive(Clone, Default)]
struct Codes {
    /// For each length: first code, number of codes, index of the first one's value.
    lengths: [(u32, u32, usize); 16],
    values: Vec<u8>,
}

/// Says what is missing, or what is too much.
///
/// # Errors
/// Words on the first scan that does not hold its blocks.
pub(super) fn walk(octets: &[u8]) -> Result<(), String> {
    let (mut at, mut frame, mut interval) = (2usize, None, 0usize);
    let mut tables: [[Codes; 4]; 2] = Default::default();
    loop {
        let marker = word(octets, at).ok_or("a marker is missing")?;
        match marker {
            0xFFFF => {
                at += 1;
                continue;
            }
            0xFFD9 => return Ok(()),
            _ => {}
        }
        let length = usize::from(word(octets, at + 2).ok_or("a segment is cut off")?);
        let content = octets.get(at + 4..at + 2 + length).ok_or("a segment is cut off")?;
        at += 2 + length;
        match marker {
            0xFFC0 | 0xFFC1 => frame = Frame::read(content),
            0xFFC4 => read_tables(content, &mut tables).ok_or("a Huffman table is damaged")?,
            0xFFDD => interval = usize::from(word(content, 0).ok_or("a restart interval is cut off")?),
            0xFFDA => {
                let frame = frame.as_ref().ok_or("a scan comes before its frame")?;
                let mut bits = Bits { octets, at, held: 0, count: 0 };
                let scan = Scan::read(content, frame, &tables).ok_or("a scan names what is not there")?;
                scan.walk(&mut bits, interval)?;
                at = bits.at;
            }
            _ => {}
        }
    }
}

fn word(octets: &[u8], at: usize) -> Option<u16> {
    octets
        .get(at..at + 2)
        .map(|pair| u16::from_be_bytes([pair.first().copied().unwrap_or(0), pair.last().copied().unwrap_or(0)]))
}

impl Frame {
    fn read(content: &[u8]) -> Option<Self> {
        let (height, width) = (usize::from(word(content, 1)?), usize::from(word(content, 3)?));
        let component = |entry: &[u8]| {
            let [id, sampling, _] = entry else { return None };
            let (across, down) = (usize::from(sampling >> 4), usize::from(sampling & 15));
            ((1..=4).contains(&across) && (1..=4).contains(&down)).then_some(Component { id: *id, across, down })
        };
        let components: Option<Vec<Component>> = content.get(6..)?.chunks(3).map(component).collect();
        Some(Self { width, height, components: components? })
    }
}

/// DHT, T.81 B.2.4.2.
fn read_tables(mut content: &[u8], tables: &mut [[Codes; 4]; 2]) -> Option<()> {
    while let Some((kind, rest)) = content.split_first() {
        let (counts, rest) = rest.split_at_checked(16)?;
        let total = counts.iter().map(|count| usize::from(*count)).sum();
        let (values, rest) = rest.split_at_checked(total)?;
        let mut codes = Codes { values: values.to_vec(), ..Codes::default() };
        let (mut code, mut index) = (0u32, 0usize);
        for (length, count) in codes.lengths.iter_mut().zip(counts) {
            *length = (code, u32::from(*count), index);
            code = (code + u32::from(*count)) << 1;
            index += usize::from(*count);
        }
        *tables.get_mut(usize::from(kind >> 4))?.get_mut(usize::from(kind & 15))? = codes;
        content = rest;
    }
    Some(())
}

/// One scan: for each block of a unit, the tables of its first and of its other coefficients.
struct Scan<'a> {
    units: usize,
    blocks: Vec<(&'a Codes, &'a Codes)>,
}

impl<'a> Scan<'a> {
    fn read(content: &[u8], frame: &Frame, tables: &'a [[Codes; 4]; 2]) -> Option<Self> {
        let count = usize::from(*content.first()?);
        let most = |of: fn(&Component) -> usize| frame.components.iter().map(of).max();
        let (across, down) = (most(|c| c.across)?, most(|c| c.down)?);
        let (mut blocks, mut units) = (Vec::new(), 0);
        for entry in content.get(1..1 + 2 * count)?.chunks(2) {
            let [id, selectors] = entry else { return None };
            let component = frame.components.iter().find(|component| component.id == *id)?;
            let first = tables.first()?.get(usize::from(selectors >> 4))?;
            let others = tables.last()?.get(usize::from(selectors & 15))?;
            if count == 1 {
                // alone it has no more blocks than its own samples need (A.2.2)
                let side = |pixels: usize, own: usize, most: usize| (pixels * own).div_ceil(most).div_ceil(8);
                units = side(frame.width, component.across, across) * side(frame.height, component.down, down);
                blocks.push((first, others));
            } else {
                units = frame.width.div_ceil(8 * across) * frame.height.div_ceil(8 * down);
                blocks.extend(core::iter::repeat_n((first, others), component.across * component.down));
            }
        }
        Some(Self { units, blocks })
    }

    fn walk(&self, bits: &mut Bits<'_>, interval: usize) -> Result<(), String> {
        for unit in 0..self.units {
            if interval > 0 && unit > 0 && unit % interval == 0 {
                bits.restart().ok_or("a restart marker is missing")?;
            }
            for (first, others) in &self.blocks {
                block(bits, first, others)
                    .ok_or_else(|| format!("its data end or are damaged in part {} of {}", unit + 1, self.units))?;
            }
        }
        // What is left is less than an octet, or the header has announced fewer pixels than there are.
        if bits.next_is_marker() { Ok(()) } else { Err("it has data for more pixels than its header announces".into()) }
    }
}

/// One block: a difference, then runs of zeros with the coefficients behind them.
fn block(bits: &mut Bits<'_>, first: &Codes, others: &Codes) -> Option<()> {
    let size = bits.value(first)?;
    bits.skip(u32::from(size).min(16))?;
    let mut place = 1;
    while place < 64 {
        let symbol = bits.value(others)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        match (run, size) {
            (15, 0) => place += 16,
            (_, 0) => return Some(()),
            _ => {
                bits.skip(size)?;
                place += run + 1;
            }
        }
    }
    (place == 64).then_some(())
}

/// Bits of a scan; FF00 is an octet FF, any other FF ends them.
struct Bits<'a> {
    octets: &'a [u8],
    at: usize,
    held: u32,
    count: u32,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        if self.count == 0 {
            let octet = *self.octets.get(self.at)?;
            if octet == 0xFF {
                if *self.octets.get(self.at + 1)? != 0 {
                    return None;
                }
                self.at += 1;
            }
            self.at += 1;
            (self.held, self.count) = (u32::from(octet), 8);
        }
        self.count -= 1;
        Some(self.held >> self.count & 1)
    }

    fn skip(&mut self, bits: u32) -> Option<()> {
        for _ in 0..bits {
            self.bit()?;
        }
        Some(())
    }

    fn value(&mut self, codes: &Codes) -> Option<u8> {
        let mut code = 0;
        for (first, count, index) in &codes.lengths {
            code = code << 1 | self.bit()?;
            if code >= *first && code - first < *count {
                return codes.values.get(index + usize::try_from(code - first).ok()?).copied();
            }
        }
        None
    }

    fn next_is_marker(&self) -> bool {
        let rest = self.octets.get(self.at..).unwrap_or_default();
        matches!(rest, [0xFF, next, ..] if *next != 0)
    }

    fn restart(&mut self) -> Option<()> {
        self.count = 0;
        let marker = word(self.octets, self.at)?;
        self.at += 2;
        (0xFFD0..=0xFFD7).contains(&marker).then_some(())
    }
}
