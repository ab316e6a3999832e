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
    let area = Canvas::new(&mut pixels, fonts).into_drawing_area();
    let brush = Brush { area, palette };
    brush.area.fill(&palette.colour(Ink::Ground))?;
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

struct Brush<'a> {
    area: DrawingArea<Canvas<'a>, Shift>,
    palette: &'a Palette,
}

impl Brush<'_> {
    fn lines(&self, lines: &[Line]) -> Painted {
        for line in lines {
            let style = self.palette.colour(line.ink).stroke_width(units(line.width) as u32);
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

    fn areas(&self, areas: &[Area]) -> Painted {
        for area in areas {
            let points: Vec<_> = area.outline.iter().copied().map(place).collect();
            let colour = self.palette.colour(area.ink);
            self.area.draw(&Polygon::new(points, colour.filled()))?;
        }
        Ok(())
    }

    fn discs(&self, discs: &[Disc]) -> Painted {
        for disc in discs {
            let colour = self.palette.colour(disc.ink);
            self.area.draw(&Circle::new(place(disc.center), units(disc.radius), colour.filled()))?;
        }
        Ok(())
    }

    fn rect(&self, frame: Rect, ink: Ink) -> Painted {
        let corners = [(frame.left, frame.top), (frame.right, frame.bottom)];
        let corners = corners.map(|(x, y)| place(Point { x, y }));
        let colour: RGBAColor = self.palette.colour(ink);
        self.area.draw(&Rectangle::new(corners, colour.filled()))
    }

    fn hatch(&self, hatch: &Hatch) -> Painted {
        let cause: Cause = hatch.cause;
        self.rect(hatch.frame, Ink::MissingGround(cause))?;
        self.lines(&hatch.strokes())
    }

    fn label(&self, label: &Label) -> Painted {
        let style = match label.weight {
            Weight::Regular => FontStyle::Normal,
            Weight::SemiBold => FontStyle::Bold,
        };
        let font = ("Inter", f64::from(label.size * UNITS)).into_font();
        let font = font.style(style).color(&self.palette.colour(label.ink));
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
