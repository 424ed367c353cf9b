//! Images for tests: containers that are sound from the first octet to the last, with nothing to see inside.

use super::png;

fn segment(out: &mut Vec<u8>, marker: u8, content: &[u8]) {
    out.extend([0xFF, marker]);
    out.extend(u16::try_from(content.len() + 2).unwrap().to_be_bytes());
    out.extend(content);
}

/// A JPEG with this frame marker (C0 baseline, C2 progressive) and these component identifiers.
pub fn jpeg(marker: u8, width: u16, height: u16, components: &[u8], adobe: Option<u8>) -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8];
    match adobe {
        None => segment(&mut out, 0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        Some(transform) => segment(&mut out, 0xEE, &[b"Adobe\0\x64\0\0\0\0".as_slice(), &[transform]].concat()),
    }
    let mut frame = vec![8];
    frame.extend(height.to_be_bytes());
    frame.extend(width.to_be_bytes());
    frame.push(u8::try_from(components.len()).unwrap());
    frame.extend(components.iter().flat_map(|id| [*id, 0x11, 0]));
    segment(&mut out, marker, &frame);
    segment(&mut out, 0xDA, &[1, 1, 0, 0, 0x3F, 0]);
    out.extend([0x12, 0xFF, 0x00, 0x34, 0xFF, 0xD0, 0x56, 0xFF, 0xD9]);
    out
}

/// A portrait as a DG2 wants it.
pub fn portrait(width: u16, height: u16) -> Vec<u8> {
    jpeg(0xC0, width, height, &[1, 2, 3], None)
}

/// A JPEG 2000 code stream of one tile-part.
pub fn j2k(width: u32, height: u32, components: u16) -> Vec<u8> {
    let mut out = vec![0xFF, 0x4F];
    let numbers = [width, height, 0, 0, width, height, 0, 0];
    let mut size = vec![0, 0];
    size.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    size.extend(components.to_be_bytes());
    size.extend([7, 1, 1].repeat(usize::from(components)));
    segment(&mut out, 0x51, &size);
    segment(&mut out, 0x64, b"\0\x01SPECIMEN");
    // tile 0, 12 octets of SOT, SOD and 5 of data
    segment(&mut out, 0x90, &[0, 0, 0, 0, 0, 19, 0, 1]);
    out.extend([0xFF, 0x93, 1, 2, 3, 4, 5, 0xFF, 0xD9]);
    out
}

fn put_box(out: &mut Vec<u8>, kind: [u8; 4], content: &[u8]) {
    out.extend(u32::try_from(content.len() + 8).unwrap().to_be_bytes());
    out.extend(kind);
    out.extend(content);
}

/// A JPEG 2000 file in an enumerated colour space.
pub fn jp2(width: u32, height: u32, components: u16, colour_space: u32) -> Vec<u8> {
    let mut out = Vec::new();
    put_box(&mut out, *b"jP  ", &[0x0D, 0x0A, 0x87, 0x0A]);
    put_box(&mut out, *b"ftyp", b"jp2 \0\0\0\0jp2 ");
    let mut header = Vec::new();
    let size = [&height.to_be_bytes()[..], &width.to_be_bytes(), &components.to_be_bytes(), &[7, 7, 0, 0]].concat();
    put_box(&mut header, *b"ihdr", &size);
    put_box(&mut header, *b"colr", &[&[1, 0, 0][..], &colour_space.to_be_bytes()].concat());
    put_box(&mut out, *b"jp2h", &header);
    put_box(&mut out, *b"jp2c", &j2k(width, height, components));
    out
}

/// A PNG of this colour type with an IDAT that holds no picture.
pub fn png(width: u32, height: u32, colour_type: u8) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1A\n".to_vec();
    let mut chunk = |kind: [u8; 4], content: &[u8]| {
        out.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
        let covered = [&kind[..], content].concat();
        out.extend(&covered);
        out.extend(png::crc(&covered).to_be_bytes());
    };
    let size = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, colour_type, 0, 0, 0]].concat();
    chunk(*b"IHDR", &size);
    chunk(*b"IDAT", &[1, 2, 3]);
    chunk(*b"IEND", &[]);
    out
}

/// A WSQ of one block.
pub fn wsq(width: u16, height: u16) -> Vec<u8> {
    let mut out = vec![0xFF, 0xA0];
    segment(&mut out, 0xA8, b"NIST_COM 1");
    let mut frame = vec![0, 255];
    frame.extend(height.to_be_bytes());
    frame.extend(width.to_be_bytes());
    frame.extend([0; 9]);
    segment(&mut out, 0xA2, &frame);
    segment(&mut out, 0xA3, &[0]);
    out.extend([0xAB, 0xFF, 0x00, 0xCD, 0xFF, 0xA1]);
    out
}
