//! JPEG 2000 files (ISO/IEC 15444-1, Annex I) written by `openjp2`, whose memory streams are set up by raw pointers.
//!
//! This crate is one file, and the only one of the workspace with unsafe code of its own: four calls that hand a sink
//! to the library and two callbacks through which the library fills it. It encodes pixels that the caller has in
//! memory and reads nothing: files of strangers never reach `openjp2`.

use core::ffi::c_void;

use openjp2::openjpeg::{opj_stream_set_seek_function, opj_stream_set_skip_function};
use openjp2::openjpeg::{opj_stream_set_user_data, opj_stream_set_write_function, opj_stream_t};
use openjp2::{CODEC_FORMAT, COLOR_SPACE, Codec, Stream, opj_cparameters, opj_image, opj_image_comptparm};
use zeroize::Zeroizing;

/// Longest side: beyond it no portrait is, and within it no size computed by the library overflows.
pub const SIDE_MAX: u32 = 8192;
/// Levels of the wavelet decomposition and one, the library's own default.
const RESOLUTIONS_MAX: u32 = 6;
/// Octets that the library gathers before it calls back.
const BUFFER_OCTETS: usize = 64 * 1024;

/// Octets of the longest header of a box, which the library skips to write it later.
const GAP_OCTETS_MAX: usize = 16;

/// Why nothing was encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// Sides of 0 or beyond [`SIDE_MAX`], or samples that are not three a pixel.
    #[error("{width} x {height} pixels and {samples} samples are no colour image of at most {SIDE_MAX} pixels a side")]
    Shape {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Samples given.
        samples: usize,
    },
    /// The library refused at this step.
    #[error("openjp2 refused to {0}")]
    Library(&'static str),
}

/// Encodes one image in sRGB: irreversible 9/7 wavelet, one tile, one layer, cut where the code stream reaches
/// `octets_wanted`. The file may be some octets longer than that, and shorter where the image has no more to tell.
///
/// `samples` holds red, green and blue of each pixel, row by row from the top.
///
/// # Errors
/// [`EncodeError`].
pub fn encode(width: u32, height: u32, samples: &[u8], octets_wanted: u32) -> Result<Vec<u8>, EncodeError> {
    let (columns, rows) = (width as usize, height as usize);
    let fits = (1..=SIDE_MAX).contains(&width) && (1..=SIDE_MAX).contains(&height);
    if !fits || samples.len() != columns * rows * 3 {
        return Err(EncodeError::Shape { width, height, samples: samples.len() });
    }
    let mut image = planes(width, height, samples)?;
    let mut parameters = parameters(width, height, octets_wanted);
    let mut codec = Codec::new_encoder(CODEC_FORMAT::OPJ_CODEC_JP2).ok_or(EncodeError::Library("start"))?;
    let done = |answer: i32, step| if answer == 1 { Ok(()) } else { Err(EncodeError::Library(step)) };
    done(codec.setup_encoder(&mut parameters, &mut image), "take the parameters")?;
    let mut sink = Sink { octets: Zeroizing::new(Vec::with_capacity(octets_wanted.min(1 << 24) as usize)), at: 0 };
    {
        // The stream is gone before the sink is: it flushes into it when it is dropped.
        let mut stream = stream_into(&mut sink);
        done(codec.start_compress(&mut image, &mut stream), "write the header")?;
        done(codec.encode(&mut stream), "encode")?;
        done(codec.end_compress(&mut stream), "finish")?;
    }
    Ok(core::mem::take(&mut *sink.octets))
}

/// One plane a component, wiped by nobody but the library's allocator: it offers no other way.
fn planes(width: u32, height: u32, samples: &[u8]) -> Result<Box<opj_image>, EncodeError> {
    let component = opj_image_comptparm { dx: 1, dy: 1, w: width, h: height, x0: 0, y0: 0, prec: 8, bpp: 8, sgnd: 0 };
    let image = opj_image::create(&[component; 3], COLOR_SPACE::OPJ_CLRSPC_SRGB);
    let mut image = image.ok_or(EncodeError::Library("allocate"))?;
    (image.x1, image.y1) = (width, height);
    let planes = image.comps_mut().ok_or(EncodeError::Library("allocate"))?;
    for (channel, plane) in planes.iter_mut().enumerate() {
        let plane = plane.data_mut().ok_or(EncodeError::Library("allocate"))?;
        for (sample, value) in plane.iter_mut().zip(samples.iter().skip(channel).step_by(3)) {
            *sample = i32::from(*value);
        }
    }
    Ok(image)
}

fn parameters(width: u32, height: u32, octets_wanted: u32) -> opj_cparameters {
    let mut parameters = opj_cparameters::default();
    // each level halves the image, and its last one must keep a pixel
    let levels = width.min(height).ilog2().min(RESOLUTIONS_MAX - 1);
    parameters.numresolution = i32::try_from(levels + 1).unwrap_or(1);
    parameters.irreversible = 1;
    parameters.tcp_mct = 1;
    parameters.cp_disto_alloc = 1;
    parameters.tcp_numlayers = 1;
    parameters.set_comment("");
    if let Some(first) = parameters.tcp_rates.first_mut() {
        #[allow(clippy::cast_precision_loss, reason = "the library takes a ratio in f32; the caller looks at the size")]
        let ratio = (width * height * 3) as f32 / octets_wanted.max(1) as f32;
        // a ratio of 1 and below means that nothing is cut
        *first = ratio.max(1.0);
    }
    parameters
}

/// Where the file grows. The library goes back in it once, to write the length of a box.
struct Sink {
    octets: Zeroizing<Vec<u8>>,
    at: usize,
}

impl Sink {
    fn put(&mut self, octets: &[u8]) {
        let overlap = octets.len().min(self.octets.len().saturating_sub(self.at));
        let (over, new) = octets.split_at(overlap);
        if let Some(place) = self.octets.get_mut(self.at..self.at + overlap) {
            place.copy_from_slice(over);
        }
        self.octets.extend_from_slice(new);
        self.at += octets.len();
    }

    /// To a place within what is there, or just behind it: the header of a box is left out at first, and written last.
    fn go_to(&mut self, at: Option<usize>) -> bool {
        let within = at.filter(|at| *at <= self.octets.len() + GAP_OCTETS_MAX);
        self.at = within.unwrap_or(self.at);
        let octets = self.octets.len().max(self.at);
        self.octets.resize(octets, 0);
        within.is_some()
    }
}

/// A stream of the library that writes into `sink`, and lives no longer than it.
fn stream_into(sink: &mut Sink) -> BorrowingStream<'_> {
    let mut stream = Stream::new_custom(BUFFER_OCTETS, false);
    let raw: *mut opj_stream_t = (&raw mut stream).cast();
    let data: *mut c_void = (&raw mut *sink).cast();
    #[allow(unsafe_code, reason = "the library offers memory streams through these functions only")]
    // SAFETY: `raw` points to a live `Stream`, which is the type behind `opj_stream_t` (the functions cast it back).
    // `data` points to a `Sink` that `BorrowingStream` keeps borrowed as long as the stream lives, so that each
    // callback gets a valid pointer that nobody else uses; no free function is given, so that the library never drops
    // it.
    unsafe {
        opj_stream_set_write_function(raw, Some(write));
        opj_stream_set_skip_function(raw, Some(skip));
        opj_stream_set_seek_function(raw, Some(seek));
        opj_stream_set_user_data(raw, data, None);
    }
    BorrowingStream { stream, sink: core::marker::PhantomData }
}

/// Ties the stream to the sink that it holds a pointer to.
struct BorrowingStream<'a> {
    stream: Stream,
    sink: core::marker::PhantomData<&'a mut Sink>,
}

impl core::ops::Deref for BorrowingStream<'_> {
    type Target = Stream;

    fn deref(&self) -> &Stream {
        &self.stream
    }
}

impl core::ops::DerefMut for BorrowingStream<'_> {
    fn deref_mut(&mut self) -> &mut Stream {
        &mut self.stream
    }
}

#[allow(unsafe_code, reason = "called back by the library with the pointers that `stream_into` gave it")]
unsafe extern "C" fn write(buffer: *mut c_void, count: usize, sink: *mut c_void) -> usize {
    // SAFETY: `sink` is the pointer of `stream_into`; `buffer` holds `count` octets that the library has just gathered
    // (a slice of its own buffer), and the sink is no part of it.
    let (sink, octets) =
        unsafe { (&mut *sink.cast::<Sink>(), core::slice::from_raw_parts(buffer.cast::<u8>(), count)) };
    sink.put(octets);
    count
}

/// Relative; -1 says that it failed, so that success must be another number than the distance.
#[allow(unsafe_code, reason = "called back by the library with the pointers that `stream_into` gave it")]
unsafe extern "C" fn skip(distance: i64, sink: *mut c_void) -> i64 {
    // SAFETY: `sink` is the pointer of `stream_into`.
    let sink = unsafe { &mut *sink.cast::<Sink>() };
    let target = isize::try_from(distance).ok().and_then(|distance| sink.at.checked_add_signed(distance));
    if sink.go_to(target) { 0 } else { -1 }
}

#[allow(unsafe_code, reason = "called back by the library with the pointers that `stream_into` gave it")]
unsafe extern "C" fn seek(place: i64, sink: *mut c_void) -> i32 {
    // SAFETY: `sink` is the pointer of `stream_into`.
    let sink = unsafe { &mut *sink.cast::<Sink>() };
    i32::from(sink.go_to(usize::try_from(place).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A gradient with texture, so that there is something to cut.
    fn samples(width: u32, height: u32) -> Vec<u8> {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 28
        };
        let pixel = |x: u32, y: u32| [x * 255 / width, y * 255 / height, (x + y) % 256];
        let all = (0..height).flat_map(|y| (0..width).map(move |x| pixel(x, y)));
        all.flat_map(|pixel| pixel.map(|value| u8::try_from((value + next()).min(255)).unwrap())).collect()
    }

    #[test]
    fn a_file_has_the_boxes_of_a_jp2_and_comes_near_the_octets_wanted() {
        let file = encode(120, 90, &samples(120, 90), 3000).unwrap();
        assert!((2700..=3040).contains(&file.len()), "{}", file.len());
        assert_eq!(&file[4..8], b"jP  ");
        assert_eq!(&file[16..20], b"ftyp");
        assert_eq!(&file[file.len() - 2..], [0xFF, 0xD9]);
        let jp2c = file.windows(4).position(|word| word == b"jp2c").unwrap();
        // The length of this box is what the library goes back for.
        let length = u32::from_be_bytes(file[jp2c - 4..jp2c].try_into().unwrap());
        assert_eq!(length as usize, file.len() - (jp2c - 4));
    }

    #[test]
    fn one_image_is_one_file() {
        let samples = samples(64, 64);
        assert_eq!(encode(64, 64, &samples, 1500), encode(64, 64, &samples, 1500));
    }

    #[test]
    fn narrow_images_and_all_octets_wanted() {
        for (width, height) in [(1, 1), (1, 40), (33, 2), (31, 31)] {
            let file = encode(width, height, &samples(width, height), u32::MAX);
            assert!(file.is_ok(), "{width} x {height}: {file:?}");
        }
    }

    #[test]
    fn what_is_no_image_is_refused() {
        let shape = |width, height, samples| Err(EncodeError::Shape { width, height, samples });
        assert_eq!(encode(0, 4, &[], 10), shape(0, 4, 0));
        assert_eq!(encode(4, 4, &[0; 16], 10), shape(4, 4, 16));
        assert_eq!(encode(SIDE_MAX + 1, 1, &[], 10), shape(SIDE_MAX + 1, 1, 0));
    }

    #[test]
    fn a_sink_writes_over_what_is_there_and_leaves_small_gaps_only() {
        let mut sink = Sink { octets: Zeroizing::new(Vec::new()), at: 0 };
        sink.put(b"abcdef");
        assert!(sink.go_to(Some(2)));
        sink.put(b"XY");
        assert!(!sink.go_to(Some(23)) && !sink.go_to(None));
        sink.put(b"Z");
        assert!(sink.go_to(Some(5)));
        sink.put(b"!?");
        assert!(sink.go_to(Some(9)));
        assert_eq!(sink.octets.as_slice(), b"abXYZ!?\0\0");
    }
}
