//! Draws a layout with plotters.

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::{
    Circle, Color as _, DrawingArea, DrawingAreaErrorKind, FontStyle, IntoDrawingArea as _, IntoFont as _,
    PathElement, Polygon, RGBAColor, Text,
};
use tiny_skia::Pixmap;

use super::{
    Theme,
    canvas::{Canvas, CanvasError, UNITS},
    font::{Fonts, Weight},
    layout::{Layout, Mark, PICTURE},
    palette,
    shape::{Area, Dash, Disc, Ink, Label, Line, Point},
};

type Painted = Result<(), DrawingAreaErrorKind<CanvasError>>;

/// The picture of a layout.
pub fn paint(
    layout: &Layout,
    theme: Theme,
    fonts: &Fonts,
) -> Result<Pixmap, DrawingAreaErrorKind<CanvasError>> {
    let (width, height) = (PICTURE.width() as u32, PICTURE.height() as u32);
    let mut pixels = Pixmap::new(width, height).ok_or(DrawingAreaErrorKind::LayoutError)?;
    let area = Canvas::new(&mut pixels, fonts).into_drawing_area();
    let brush = Brush { area, theme };
    brush.area.fill(&brush.colour(Ink::Ground))?;
    for mark in layout.under.iter().chain(&layout.data) {
        match mark {
            Mark::Line(line) => brush.line(line)?,
            Mark::Area(area) => brush.area(area)?,
            Mark::Disc(disc) => brush.disc(disc)?,
        }
    }
    for label in &layout.labels {
        brush.label(label)?;
    }
    brush.area.present()?;
    drop(brush);
    Ok(pixels)
}

/// Draws shapes in the colours of a theme.
struct Brush<'a> {
    area: DrawingArea<Canvas<'a>, Shift>,
    theme: Theme,
}

impl Brush<'_> {
    fn colour(&self, ink: Ink) -> RGBAColor {
        let ((red, green, blue), opacity) = palette::colour(ink, self.theme);
        RGBAColor(red, green, blue, opacity)
    }

    fn line(&self, line: &Line) -> Painted {
        let style = self.colour(line.ink).stroke_width(units(line.width) as u32);
        let points: Vec<_> = line.points.iter().copied().map(place).collect();
        match line.dash {
            None => self.area.draw(&PathElement::new(points, style)),
            Some(Dash { on, off }) => {
                self.area.draw(&DashedPathElement::new(points, units(on), units(off), style))
            }
        }
    }

    fn area(&self, area: &Area) -> Painted {
        let points: Vec<_> = area.outline.iter().copied().map(place).collect();
        self.area.draw(&Polygon::new(points, self.colour(area.ink).filled()))
    }

    fn disc(&self, disc: &Disc) -> Painted {
        let colour = self.colour(disc.ink).filled();
        self.area.draw(&Circle::new(place(disc.center), units(disc.radius), colour))
    }

    fn label(&self, label: &Label) -> Painted {
        let style = match label.weight {
            Weight::Regular => FontStyle::Normal,
            Weight::SemiBold => FontStyle::Bold,
        };
        let font = ("Inter", f64::from(label.size * UNITS)).into_font();
        let font = font.style(style).color(&self.colour(label.ink));
        let corner = Point { x: label.frame.left, y: label.frame.top };
        let text = Text::new(label.text.as_str(), place(corner), font);
        self.area.draw(&text)
    }
}

fn units(pixels: f32) -> i32 {
    (pixels * UNITS).round() as i32
}

fn place(point: Point) -> (i32, i32) {
    (units(point.x), units(point.y))
}
