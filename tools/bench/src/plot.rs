//! Plots of the page: bars and a line, as SVG.

use std::path::Path;

use plotters::prelude::*;

use crate::line::Outcome;

/// Ours, and what it is held against.
const COLOURS: [RGBColor; 2] = [RGBColor(0x1F, 0x6F, 0x8B), RGBColor(0xC9, 0xA2, 0x27)];
const SIZE: (u32, u32) = (820, 360);

/// A bar's label and up to two values.
pub struct Bar {
    /// What it is.
    pub label: String,
    /// Values, by series.
    pub values: Vec<f64>,
}

/// Bars from the left, the first one on top, the series of a bar above each other.
///
/// # Errors
/// A file that cannot be written.
pub fn bars(file: &Path, title: &str, unit: &str, series: &[&str], bars: &[Bar]) -> Outcome<()> {
    let rows = i32::try_from(bars.len())?;
    let most = bars.iter().flat_map(|bar| &bar.values).copied().fold(0.0, f64::max) * 1.05;
    let height = 110 + 26 * u32::try_from(bars.len())?;
    let area = SVGBackend::new(file, (SIZE.0, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let label = |row: &i32| {
        let bar = usize::try_from(rows - 1 - row).ok().and_then(|index| bars.get(index));
        bar.map_or_else(String::new, |bar| bar.label.clone())
    };
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 17))
        .margin(10)
        .x_label_area_size(42)
        .y_label_area_size(190)
        .build_cartesian_2d(0.0..most, (0..rows - 1).into_segmented())?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .x_desc(unit)
        .y_labels(bars.len())
        .y_label_formatter(&|row| match row {
            SegmentValue::CenterOf(row) => label(row),
            _ => String::new(),
        })
        .draw()?;
    for (index, (name, colour)) in series.iter().zip(COLOURS).enumerate() {
        let shapes = (0..rows).rev().zip(bars).filter_map(|(row, bar)| {
            let value = *bar.values.get(index)?;
            let mut shape = Rectangle::new(
                [(0.0, SegmentValue::Exact(row)), (value, SegmentValue::Exact(row + 1))],
                colour.filled(),
            );
            // Two series share the height of a bar.
            let (above, below) =
                if series.len() < 2 { (4, 4) } else { (3 + 10 * i32::from(index > 0), 13 - 10 * i32::from(index > 0)) };
            shape.set_margin(u32::try_from(above).ok()?, u32::try_from(below).ok()?, 0, 0);
            Some(shape)
        });
        chart
            .draw_series(shapes)?
            .label(*name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
    }
    if series.len() > 1 {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::MiddleRight)
            .border_style(BLACK)
            .background_style(WHITE)
            .draw()?;
    }
    Ok(area.present()?)
}

/// A line through points, from zero.
///
/// # Errors
/// A file that cannot be written.
pub fn line(file: &Path, title: &str, [x, y]: [&str; 2], points: &[(f64, f64)]) -> Outcome<()> {
    let most = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).fold(0.0, f64::max);
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 17))
        .margin(10)
        .x_label_area_size(42)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..most(|point| point.0), 0.0..most(|point| point.1) * 1.2)?;
    chart.configure_mesh().x_desc(x).y_desc(y).draw()?;
    let [colour, _] = COLOURS;
    chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?;
    Ok(area.present()?)
}
