//! The outlines of areas, indexed: which hold a point.

use geo::{BoundingRect as _, Coord, Intersects as _, MultiPolygon};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};
use sha2::{Digest as _, Sha256};
use suban_domain::Point;

/// Outlines in WGS-84, x east and y north, each of one place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outlines {
    shapes: Vec<(usize, MultiPolygon<f64>)>,
    boxes: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
}

impl Outlines {
    /// `shapes` name places by their index.
    pub(crate) fn new(shapes: Vec<(usize, MultiPolygon<f64>)>) -> Self {
        let boxes = shapes
            .iter()
            .enumerate()
            .filter_map(|(i, (_, shape))| {
                let rect = shape.bounding_rect()?;
                let (min, max) = (rect.min(), rect.max());
                Some(GeomWithData::new(Rectangle::from_corners([min.x, min.y], [max.x, max.y]), i))
            })
            .collect();
        Self { shapes, boxes: RTree::bulk_load(boxes) }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.shapes.is_empty()
    }

    pub(crate) fn has(&self, place: usize) -> bool {
        self.shapes.iter().any(|(p, _)| *p == place)
    }

    /// The places whose outline holds the point; one on a border is in both.
    pub(crate) fn holding(&self, point: Point) -> impl Iterator<Item = usize> {
        let at = Coord { x: point.lon, y: point.lat };
        self.boxes.locate_in_envelope_intersecting(AABB::from_point([at.x, at.y])).filter_map(move |hit| {
            let (place, shape) = self.shapes.get(hit.data)?;
            shape.intersects(&at).then_some(*place)
        })
    }

    pub(crate) fn digest(&self, into: &mut Sha256) {
        for (place, shape) in &self.shapes {
            into.update(format!("{place}#"));
            for polygon in shape {
                for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
                    for c in ring.coords() {
                        into.update(c.x.to_le_bytes());
                        into.update(c.y.to_le_bytes());
                    }
                    into.update([0]);
                }
            }
        }
    }
}
