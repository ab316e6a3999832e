//! Draws a layout with plotters.

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::{
    Circle, Color as _, DrawingArea, DrawingAreaErrorKind, FontStyle, IntoDrawingArea as _, IntoFont as _,
    PathElement, Polygon, RGBAColor, Rectangle, Text,
};
use tiny_skia::Pixmap;

use super::{
    canvas::{Canvas, CanvasError, UNITS},
    font::{Fonts, Weight},
    layout::{Layout, PICTURE},
    palette::Palette,
    shape::{Area, Dash, Disc, Hatch, Ink, Label, Line, Point, Rect},
};
use crate::samples::grid::Cause;

type Painted = Result<(), DrawingAreaErrorKind<CanvasError>>;

/// The picture of a layout.
pub fn paint(
    layout: &Layout,
    palette: &Palette,
    fonts: &Fonts,
) -> Result<Pixmap, DrawingAreaErrorKind<CanvasError>> {
    let (width, height) = (PICTURE.width() as u32, PICTURE.height() as u32);
    let mut pixels = Pixmap::new(width, height).ok_or(DrawingAreaErrorKind::LayoutError)?;
    let colour = |ink| palette.colour(ink);
    let brush = Brush::new(&mut pixels, fonts, &colour)?;
    brush.lines(&layout.grid)?;
    for gap in &layout.gaps {
        brush.hatch(gap)?;
    }
    brush.areas(&layout.bands)?;
    brush.areas(&layout.excursions)?;
    brush.lines(&layout.lane)?;
    brush.lines(&layout.corridor)?;
    brush.lines(&layout.lines)?;
    brush.discs(&layout.dots)?;
    brush.areas(&layout.arrows)?;
    brush.lines(&layout.keys)?;
    for key in &layout.key_hatches {
        brush.hatch(key)?;
    }
    for frame in &layout.cleared {
        brush.rect(*frame, Ink::Ground)?;
    }
    for label in &layout.labels {
        brush.label(label)?;
    }
    drop(brush);
    Ok(pixels)
}

/// Draws shapes in the colours of a palette.
pub struct Brush<'a> {
    area: DrawingArea<Canvas<'a>, Shift>,
    colour: &'a dyn Fn(Ink) -> RGBAColor,
}

impl<'a> Brush<'a> {
    /// Begins a picture with nothing but the ground.
    pub fn new(
        pixels: &'a mut Pixmap,
        fonts: &'a Fonts,
        colour: &'a dyn Fn(Ink) -> RGBAColor,
    ) -> Result<Brush<'a>, DrawingAreaErrorKind<CanvasError>> {
        let area = Canvas::new(pixels, fonts).into_drawing_area();
        area.fill(&colour(Ink::Ground))?;
        Ok(Brush { area, colour })
    }

    pub fn lines(&self, lines: &[Line]) -> Painted {
        for line in lines {
            let style = (self.colour)(line.ink).stroke_width(units(line.width) as u32);
            let points: Vec<_> = line.points.iter().copied().map(place).collect();
            match line.dash {
                None => self.area.draw(&PathElement::new(points, style))?,
                Some(Dash { on, off }) => {
                    self.area.draw(&DashedPathElement::new(points, units(on), units(off), style))?;
                }
            }
        }
        Ok(())
    }

    pub fn areas(&self, areas: &[Area]) -> Painted {
        for area in areas {
            let points: Vec<_> = area.outline.iter().copied().map(place).collect();
            let colour = (self.colour)(area.ink);
            self.area.draw(&Polygon::new(points, colour.filled()))?;
        }
        Ok(())
    }

    pub fn discs(&self, discs: &[Disc]) -> Painted {
        for disc in discs {
            let colour = (self.colour)(disc.ink);
            self.area.draw(&Circle::new(place(disc.center), units(disc.radius), colour.filled()))?;
        }
        Ok(())
    }

    fn rect(&self, frame: Rect, ink: Ink) -> Painted {
        let corners = [(frame.left, frame.top), (frame.right, frame.bottom)];
        let corners = corners.map(|(x, y)| place(Point { x, y }));
        let colour: RGBAColor = (self.colour)(ink);
        self.area.draw(&Rectangle::new(corners, colour.filled()))
    }

    fn hatch(&self, hatch: &Hatch) -> Painted {
        let cause: Cause = hatch.cause;
        self.rect(hatch.frame, Ink::MissingGround(cause))?;
        self.lines(&hatch.strokes())
    }

    pub fn label(&self, label: &Label) -> Painted {
        let style = match label.weight {
            Weight::Regular => FontStyle::Normal,
            Weight::SemiBold => FontStyle::Bold,
        };
        let font = ("Inter", f64::from(label.size * UNITS)).into_font();
        let font = font.style(style).color(&(self.colour)(label.ink));
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
