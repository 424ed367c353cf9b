//! What is drawn: filled outlines and pictures, in millimetres from the upper left corner of the card.

use bitaqa_biometrics::raster::Rgb;

use crate::{PictureError, raster, svg};

/// Width of a card of ID-1 size, in millimetres.
pub(crate) const WIDTH_MM: f32 = 85.6;
/// Its height.
pub(crate) const HEIGHT_MM: f32 = 53.98;

/// Red, green, blue.
pub(crate) type Colour = [u8; 3];

/// A place in millimetres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) x: f32,
    pub(crate) y: f32,
}

/// A part of an outline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Segment {
    Move(Place),
    Line(Place),
    Quadratic(Place, Place),
    Cubic(Place, Place, Place),
    Close,
}

/// Something drawn.
pub(crate) enum Item {
    /// A filled outline; overlapping parts of one direction are filled once.
    Shape { path: Vec<Segment>, colour: Colour, opacity: f32 },
    /// A picture over a rectangle.
    Picture { corner: Place, width: f32, height: f32, pixels: Rgb },
}

/// One side of a card.
#[derive(Default)]
pub struct Scene {
    pub(crate) items: Vec<Item>,
}

impl Scene {
    /// As SVG 1.1: outlines and one embedded picture, no font needed.
    ///
    /// # Errors
    /// [`PictureError::Png`] for the embedded picture.
    pub fn svg(&self) -> Result<String, PictureError> {
        svg::write(self)
    }

    /// As PNG of 24 bits with this many dots an inch, at most 1200.
    ///
    /// # Errors
    /// [`PictureError::Png`].
    pub fn png(&self, dpi: u16) -> Result<Vec<u8>, PictureError> {
        raster::png(self, dpi.clamp(25, 1200))
    }

    pub(crate) fn shape(&mut self, path: Vec<Segment>, colour: Colour, opacity: f32) {
        self.items.push(Item::Shape { path, colour, opacity });
    }

    /// A rectangle with round corners of this radius.
    pub(crate) fn rounded(&mut self, corner: Place, width: f32, height: f32, radius: f32, colour: Colour) {
        // a quarter of a circle by one cubic
        let handle = radius * 0.447_715;
        let (left, top, right, bottom) = (corner.x, corner.y, corner.x + width, corner.y + height);
        let at = |x, y| Place { x, y };
        let path = vec![
            Segment::Move(at(left + radius, top)),
            Segment::Line(at(right - radius, top)),
            Segment::Cubic(at(right - handle, top), at(right, top + handle), at(right, top + radius)),
            Segment::Line(at(right, bottom - radius)),
            Segment::Cubic(at(right, bottom - handle), at(right - handle, bottom), at(right - radius, bottom)),
            Segment::Line(at(left + radius, bottom)),
            Segment::Cubic(at(left + handle, bottom), at(left, bottom - handle), at(left, bottom - radius)),
            Segment::Line(at(left, top + radius)),
            Segment::Cubic(at(left, top + handle), at(left + handle, top), at(left + radius, top)),
            Segment::Close,
        ];
        self.shape(path, colour, 1.0);
    }
}
