//! The drawing backend of the charts: plotters in front, tiny-skia behind.
//!
//! plotters counts in whole units, so a pixel has [`UNITS`] of them: curves stay smooth.

use ab_glyph::OutlineCurve;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
};
use tiny_skia::{Color, FillRule, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, Transform};

use super::{
    font::{self, Fonts, Weight},
    shape::Point,
};

/// Units of plotters in one pixel.
pub const UNITS: f32 = 8.0;

/// The error of a canvas. Drawing itself never fails, but plotters requires a type.
#[derive(Debug, thiserror::Error)]
#[error("a canvas of this size cannot be made")]
pub struct CanvasError;

/// A picture being drawn.
pub struct Canvas<'a> {
    pixels: &'a mut Pixmap,
    fonts: &'a Fonts,
    /// Polygons of one colour that come one after another are filled at once: hundreds of small
    /// ones would cost more than all the rest.
    polygons: Option<(BackendColor, PathBuilder)>,
}

type Drawn = Result<(), DrawingErrorKind<CanvasError>>;

impl<'a> Canvas<'a> {
    pub fn new(pixels: &'a mut Pixmap, fonts: &'a Fonts) -> Canvas<'a> {
        Canvas { pixels, fonts, polygons: None }
    }

    /// Fills the polygons that are waiting.
    fn flush(&mut self) {
        if let Some((color, path)) = self.polygons.take()
            && let Some(path) = path.finish()
        {
            self.pixels.fill_path(&path, &paint(color), FillRule::Winding, to_pixels(), None);
        }
    }

    fn fill(&mut self, path: Option<Path>, color: BackendColor, transform: Transform) {
        self.flush();
        if let Some(path) = path {
            let rule = FillRule::Winding;
            self.pixels.fill_path(&path, &paint(color), rule, transform, None);
        }
    }

    fn stroke(&mut self, path: Option<Path>, color: BackendColor, width: f32) {
        self.flush();
        let stroke = Stroke { width, line_join: LineJoin::Bevel, ..Stroke::default() };
        if let Some(path) = path {
            let paint = paint(color);
            self.pixels.stroke_path(&path, &paint, &stroke, to_pixels(), None);
        }
    }
}

impl DrawingBackend for Canvas<'_> {
    type ErrorType = CanvasError;

    fn get_size(&self) -> (u32, u32) {
        let units = UNITS as u32;
        (self.pixels.width() * units, self.pixels.height() * units)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        self.flush();
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        let end = (point.0 + UNITS as i32, point.1 + UNITS as i32);
        self.draw_rect(point, end, &color, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
        if fill {
            return self.fill_polygon(corners, style);
        }
        self.draw_path(corners.into_iter().chain([(left, top)]), style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        self.stroke(polyline(path), style.color(), style.stroke_width() as f32);
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let circle = PathBuilder::from_circle(center.0 as f32, center.1 as f32, radius as f32);
        if fill {
            self.fill(circle, style.color(), to_pixels());
        } else {
            self.stroke(circle, style.color(), style.stroke_width() as f32);
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        vert: I,
        style: &S,
    ) -> Drawn {
        let color = style.color();
        if self.polygons.as_ref().is_some_and(|(of, _)| (of.rgb, of.alpha) != (color.rgb, color.alpha)) {
            self.flush();
        }
        let mut vert: Vec<BackendCoord> = vert.into_iter().collect();
        // All in one direction, so that where two overlap neither leaves a hole.
        if area(&vert) < 0 {
            vert.reverse();
        }
        let (_, path) = self.polygons.get_or_insert_with(|| (color, PathBuilder::new()));
        extend(path, vert, true);
        Ok(())
    }

    /// The text with the left upper corner of its box at `at`, whatever its anchor.
    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, at: BackendCoord) -> Drawn {
        let size = style.size() as f32 / UNITS;
        let origin = Point {
            x: at.0 as f32 / UNITS,
            // Letters on whole pixels have sharp feet.
            y: font::baseline(at.1 as f32 / UNITS, size).round(),
        };
        let weight = weight(style);
        for curves in self.fonts.outlines(text, weight, size, origin) {
            self.fill(outline(curves), style.color(), Transform::identity());
        }
        Ok(())
    }

    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        text: &str,
        style: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<CanvasError>> {
        let size = style.size() as f32;
        let width = self.fonts.width(text, weight(style), size);
        let frame = font::frame(0.0, 0.0, width, size);
        Ok((frame.width().ceil() as u32, frame.height().ceil() as u32))
    }
}

fn weight(style: &impl BackendTextStyle) -> Weight {
    match style.style() {
        FontStyle::Bold => Weight::SemiBold,
        _ => Weight::Regular,
    }
}

fn to_pixels() -> Transform {
    Transform::from_scale(1.0 / UNITS, 1.0 / UNITS)
}

fn paint(color: BackendColor) -> Paint<'static> {
    let (red, green, blue) = color.rgb;
    // Pale areas look the same with hard edges, and their spiky outlines would be the most
    // expensive part of a chart to smooth.
    let mut paint = Paint { anti_alias: color.alpha == 1.0, ..Paint::default() };
    paint.set_color(Color::from_rgba8(red, green, blue, (color.alpha * 255.0).round() as u8));
    paint
}

fn polyline(points: impl IntoIterator<Item = BackendCoord>) -> Option<Path> {
    let mut path = PathBuilder::new();
    extend(&mut path, points, false);
    path.finish()
}

fn extend(path: &mut PathBuilder, points: impl IntoIterator<Item = BackendCoord>, closed: bool) {
    for (i, (x, y)) in points.into_iter().enumerate() {
        if i == 0 {
            path.move_to(x as f32, y as f32);
        } else {
            path.line_to(x as f32, y as f32);
        }
    }
    if closed {
        path.close();
    }
}

/// Twice the area of a polygon, below zero where it runs the other way round.
fn area(points: &[BackendCoord]) -> i64 {
    let next = points.iter().cycle().skip(1);
    let part = |((ax, ay), (bx, by)): (&BackendCoord, &BackendCoord)| {
        i64::from(*ax) * i64::from(*by) - i64::from(*bx) * i64::from(*ay)
    };
    points.iter().zip(next).map(part).sum()
}

/// A glyph as a path; its contours are closed when the next one begins elsewhere.
fn outline(curves: Vec<OutlineCurve>) -> Option<Path> {
    let mut path = PathBuilder::new();
    let mut pen = None;
    for curve in curves {
        let (from, to) = match &curve {
            OutlineCurve::Line(a, b) => (*a, *b),
            OutlineCurve::Quad(a, _, b) | OutlineCurve::Cubic(a, _, _, b) => (*a, *b),
        };
        if pen != Some(from) {
            path.close();
            path.move_to(from.x, from.y);
        }
        match curve {
            OutlineCurve::Line(_, b) => path.line_to(b.x, b.y),
            OutlineCurve::Quad(_, b, c) => path.quad_to(b.x, b.y, c.x, c.y),
            OutlineCurve::Cubic(_, b, c, d) => path.cubic_to(b.x, b.y, c.x, c.y, d.x, d.y),
        }
        pen = Some(to);
    }
    path.close();
    path.finish()
}
