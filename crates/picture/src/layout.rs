//! Where things stand on the card: portrait and names on the front, civil data and the machine-readable zone on the
//! back.

use crate::data::{CardData, Pair};
use crate::letters::{Fonts, Typeface};
use crate::scene::{Colour, HEIGHT_MM, Item, Place, Scene, Segment, WIDTH_MM};

const INK: Colour = [28, 30, 38];
const LABEL: Colour = [92, 104, 112];
const GREEN: Colour = [0, 98, 51];
const RED: Colour = [190, 24, 40];
const GROUND: Colour = [240, 244, 240];
const STRIPE: Colour = [222, 233, 224];
const WHITE: Colour = [255, 255, 255];

/// Margin at both sides.
const LEFT: f32 = 4.0;
const RIGHT: f32 = WIDTH_MM - 4.0;
/// Radius of a card's corners, ISO/IEC 7810.
const CORNER: f32 = 3.18;
/// Where the portrait ends and the fields begin.
const FIELDS: f32 = 33.0;
/// From one letter of the MRZ to the next: ten an inch (Doc 9303-3).
const MRZ_PITCH: f32 = 2.54;
/// Base line of the lowest of three lines, above the lower edge, and from line to line: six an inch.
const MRZ_LOWEST: f32 = 5.6;
const MRZ_LINE: f32 = 4.233;

/// On which side of its place a text stands.
#[derive(Clone, Copy, PartialEq)]
enum Align {
    Left,
    Right,
    Middle,
}

struct Sheet<'a> {
    scene: Scene,
    fonts: &'a Fonts,
}

/// How a text looks.
#[derive(Clone, Copy)]
struct Style {
    typeface: Typeface,
    /// Millimetres of an em.
    size: f32,
    colour: Colour,
}

impl Style {
    const fn new(typeface: Typeface, size: f32, colour: Colour) -> Self {
        Self { typeface, size, colour }
    }
}

const FIELD_LABEL: Style = Style::new(Typeface::Regular, 1.75, LABEL);
const LATIN_VALUE: Style = Style::new(Typeface::Bold, 2.7, INK);
const ARABIC_VALUE: Style = Style::new(Typeface::Bold, 3.5, INK);
const SMALL_LATIN: Style = Style::new(Typeface::Regular, 2.2, INK);
const SMALL_ARABIC: Style = Style::new(Typeface::Regular, 2.8, INK);

/// The front: portrait, names, birth, validity, numbers.
pub fn front(data: &CardData, fonts: &Fonts) -> Scene {
    let mut sheet = Sheet::new(fonts);
    let heading = Style::new(Typeface::Bold, 2.9, GREEN);
    sheet.pair("ROYAUME DU MAROC", "المملكة المغربية", 6.2, heading, Style { size: 3.9, ..heading });
    let title = Style::new(Typeface::Regular, 2.3, GREEN);
    sheet.pair("CARTE NATIONALE D’IDENTITÉ", "البطاقة الوطنية للتعريف", 9.6, title, Style { size: 3.2, ..title });
    let frame = (Place { x: LEFT, y: 12.2 }, 27.0, 34.7);
    sheet.scene.rounded(frame.0, frame.1, frame.2, 0.6, WHITE);
    if let Some(pixels) = &data.portrait {
        let (corner, width, height) = fitted(frame, pixels.width(), pixels.height());
        sheet.scene.items.push(Item::Picture { corner, width, height, pixels: pixels.clone() });
    }
    sheet.value(&data.surname, 16.6);
    sheet.value(&data.given, 22.6);
    sheet.labelled("Né(e) le", "تاريخ الازدياد", &data.birth_date, 28.6);
    sheet.value_small(&data.birth_place, 32.4);
    sheet.labelled("Sexe", "الجنس", data.sex, 36.6);
    sheet.labelled("Valable jusqu’au", "صالحة إلى غاية", &data.expiry_date, 40.8);
    sheet.labelled("N° CIN", "رقم البطاقة الوطنية", &data.cin, 45.0);
    let number = Style::new(Typeface::Bold, 2.6, INK);
    sheet.text(&data.document_number, LEFT, 50.4, number, Align::Left, 27.0, false);
    sheet.specimen();
    sheet.scene
}

/// The back: parents, address, registry, authority, and the machine-readable zone.
pub fn back(data: &CardData, fonts: &Fonts) -> Scene {
    let mut sheet = Sheet::new(fonts);
    let mut rows: Vec<(String, String, &Pair)> = Vec::new();
    let mut row = |latin: &str, arabic: &str, value| rows.push((latin.to_owned(), arabic.to_owned(), value));
    row("Père", "الأب", &data.father);
    row("Mère", "الأم", &data.mother);
    if let Some((kind, name)) = &data.spouse {
        row(&kind.latin, &kind.arabic, name);
    }
    row("Adresse", "العنوان", &data.address);
    row("Autorité", "السلطة", &data.authority);
    let registry = Pair { arabic: String::new(), latin: data.registry.clone() };
    row("État civil n°", "رقم الحالة المدنية", &registry);
    let issued = Pair { arabic: String::new(), latin: data.issue_date.clone() };
    row("Délivrée le", "تاريخ الإصدار", &issued);
    let mut y = 5.6;
    for (latin, arabic, value) in &rows {
        if value.arabic.is_empty() && value.latin.is_empty() {
            continue;
        }
        y = sheet.row(latin, arabic, value, y);
    }
    let zone = HEIGHT_MM - MRZ_LOWEST - 2.0 * MRZ_LINE - 4.2;
    sheet.scene.rounded(Place { x: 1.5, y: zone }, WIDTH_MM - 3.0, HEIGHT_MM - zone - 1.6, 1.6, WHITE);
    for (line, above) in data.mrz.iter().zip([2.0, 1.0, 0.0]) {
        sheet.mrz(line, HEIGHT_MM - MRZ_LOWEST - above * MRZ_LINE);
    }
    sheet.specimen();
    sheet.scene
}

/// The largest rectangle of a picture's shape inside a frame with a narrow edge.
fn fitted((corner, width, height): (Place, f32, f32), columns: u32, rows: u32) -> (Place, f32, f32) {
    const EDGE: f32 = 0.4;
    #[allow(clippy::cast_precision_loss, reason = "sides of a portrait")]
    let shape = columns as f32 / rows.max(1) as f32;
    let (width, height) = (width - 2.0 * EDGE, height - 2.0 * EDGE);
    let (across, down) = if width / height > shape { (height * shape, height) } else { (width, width / shape) };
    let corner = Place { x: corner.x + EDGE + (width - across) / 2.0, y: corner.y + EDGE + (height - down) / 2.0 };
    (corner, across, down)
}

impl<'a> Sheet<'a> {
    fn new(fonts: &'a Fonts) -> Self {
        let mut scene = Scene::default();
        scene.rounded(Place { x: 0.0, y: 0.0 }, WIDTH_MM, HEIGHT_MM, CORNER, GROUND);
        for stripe in 0u8..9 {
            let y = 5.0 + f32::from(stripe) * 5.2;
            scene.rounded(Place { x: 1.0, y }, WIDTH_MM - 2.0, 0.12, 0.05, STRIPE);
        }
        Self { scene, fonts }
    }

    /// A text at a place of its base line; one that is too wide is set smaller.
    #[allow(clippy::too_many_arguments, reason = "what, where, how, each once")]
    fn text(&mut self, text: &str, x: f32, y: f32, style: Style, align: Align, room: f32, to_left: bool) {
        let line = self.fonts.line(text, style.typeface, to_left);
        let size = if line.width * style.size > room { room / line.width } else { style.size };
        let width = line.width * size;
        let left = match align {
            Align::Left => x,
            Align::Right => x - width,
            Align::Middle => x - width / 2.0,
        };
        let path = moved(&line.path, |place| Place { x: left + place.x * size, y: y + place.y * size });
        self.scene.shape(path, style.colour, 1.0);
    }

    /// Latin from the left margin, Arabic from the right one.
    fn pair(&mut self, latin: &str, arabic: &str, y: f32, left: Style, right: Style) {
        let half = (RIGHT - LEFT) / 2.0 - 1.0;
        self.text(latin, LEFT, y, left, Align::Left, half, false);
        self.text(arabic, RIGHT, y, right, Align::Right, half, true);
    }

    /// A name: Arabic above, Latin below it.
    fn value(&mut self, value: &Pair, y: f32) {
        self.text(&value.arabic, RIGHT, y - 0.4, ARABIC_VALUE, Align::Right, RIGHT - FIELDS, true);
        self.text(&value.latin, FIELDS, y + 2.2, LATIN_VALUE, Align::Left, RIGHT - FIELDS, false);
    }

    /// A place: Latin and Arabic on one line.
    fn value_small(&mut self, value: &Pair, y: f32) {
        let half = (RIGHT - FIELDS) / 2.0 - 0.5;
        self.text(&value.latin, FIELDS, y, SMALL_LATIN, Align::Left, half, false);
        self.text(&value.arabic, RIGHT, y, SMALL_ARABIC, Align::Right, half, true);
    }

    /// A number between its two labels.
    fn labelled(&mut self, latin: &str, arabic: &str, value: &str, y: f32) {
        self.text(latin, FIELDS, y, FIELD_LABEL, Align::Left, 15.0, false);
        self.text(arabic, RIGHT, y, Style { size: 2.3, ..FIELD_LABEL }, Align::Right, 15.0, true);
        self.text(value, f32::midpoint(FIELDS, RIGHT), y, LATIN_VALUE, Align::Middle, 18.0, false);
    }

    /// A row of the back; texts of several lines take several. Returns where the next row stands.
    fn row(&mut self, latin: &str, arabic: &str, value: &Pair, y: f32) -> f32 {
        const LABELS: f32 = 14.0;
        let middle = WIDTH_MM / 2.0;
        self.text(latin, LEFT, y, FIELD_LABEL, Align::Left, LABELS - 1.0, false);
        self.text(arabic, RIGHT, y, Style { size: 2.2, ..FIELD_LABEL }, Align::Right, LABELS - 1.0, true);
        let half = middle - LEFT - LABELS - 0.5;
        let mut rows = Vec::new();
        let lines = value.latin.lines().count().max(value.arabic.lines().count()).max(1);
        let mut line = y;
        let (mut left, mut right) = (value.latin.lines(), value.arabic.lines());
        for _ in 0..lines {
            let (latin, arabic) = (left.next().unwrap_or_default(), right.next().unwrap_or_default());
            let wide = |text: &str, style: Style, to_left| {
                self.fonts.line(text, style.typeface, to_left).width * style.size > half
            };
            // Long texts have the width of both, one below the other.
            if wide(latin, SMALL_LATIN, false) || wide(arabic, SMALL_ARABIC, true) {
                rows.extend([(latin, ""), ("", arabic)]);
            } else {
                rows.push((latin, arabic));
            }
        }
        for (latin, arabic) in rows.into_iter().filter(|row| *row != ("", "")) {
            let room = if arabic.is_empty() || latin.is_empty() { 2.0 * half } else { half };
            self.text(latin, LEFT + LABELS, line, SMALL_LATIN, Align::Left, room, false);
            self.text(arabic, RIGHT - LABELS, line, SMALL_ARABIC, Align::Right, room, true);
            line += 3.4;
        }
        line + 0.5
    }

    /// A line of the machine-readable zone, each letter in the middle of its cell.
    fn mrz(&mut self, line: &str, y: f32) {
        // OCR-B of size 1 has capitals of 2.4 mm, 0.66 of its em.
        let style = Style::new(Typeface::Ocr, 3.52, INK);
        let cells = u8::try_from(line.chars().count()).unwrap_or(u8::MAX);
        let left = (WIDTH_MM - f32::from(cells) * MRZ_PITCH) / 2.0;
        for (letter, cell) in line.chars().zip(0u8..) {
            let x = left + (f32::from(cell) + 0.5) * MRZ_PITCH;
            self.text(letter.encode_utf8(&mut [0; 4]), x, y, style, Align::Middle, MRZ_PITCH, false);
        }
    }

    /// The mark across the card, in both scripts.
    fn specimen(&mut self) {
        // sine and cosine of the card's diagonal, flattened a little
        let (sine, cosine) = (-0.447_2, 0.894_4);
        let words = [("SPECIMEN", false, 15.0, -1.0, 0.16), ("نموذج", true, 12.0, 14.0, 0.16)];
        for (word, to_left, size, below, opacity) in words {
            let line = self.fonts.line(word, Typeface::Bold, to_left);
            let half = line.width * size / 2.0;
            let turned = |place: Place| {
                let (x, y) = (place.x * size - half, place.y * size + below);
                Place { x: WIDTH_MM / 2.0 + x * cosine - y * sine, y: HEIGHT_MM / 2.0 + 4.5 + x * sine + y * cosine }
            };
            let path = moved(&line.path, turned);
            self.scene.shape(path, RED, opacity);
        }
    }
}

fn moved(path: &[Segment], to: impl Fn(Place) -> Place) -> Vec<Segment> {
    let segment = |segment: &Segment| match *segment {
        Segment::Move(place) => Segment::Move(to(place)),
        Segment::Line(place) => Segment::Line(to(place)),
        Segment::Quadratic(by, place) => Segment::Quadratic(to(by), to(place)),
        Segment::Cubic(first, second, place) => Segment::Cubic(to(first), to(second), to(place)),
        Segment::Close => Segment::Close,
    };
    path.iter().map(segment).collect()
}
