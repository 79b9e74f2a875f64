// A treemap's rectangles: areas as values, each as near to a square as it goes (Bruls, Huizing, van Wijk, 2000).
export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The rectangle of each value within `space`. Values are over 0 and come largest first; the order is kept. */
export function squarify(values: readonly number[], space: Rectangle): Rectangle[] {
  const sum = values.reduce((total, each) => total + each, 0);
  if (!(sum > 0) || !(space.width > 0) || !(space.height > 0)) return values.map(() => ({ ...space, width: 0, height: 0 }));
  const areas = values.map((each) => (each / sum) * space.width * space.height);
  const rectangles: Rectangle[] = [];
  let left = { ...space };
  for (let start = 0; start < areas.length; ) {
    const side = Math.min(left.width, left.height);
    let end = start + 1;
    while (end < areas.length && worst(areas, start, end + 1, side) <= worst(areas, start, end, side)) end += 1;
    left = place(areas.slice(start, end), left, rectangles);
    start = end;
  }
  return rectangles;
}

/** How far the worst of a row of areas along a side is from a square: 1 for none. */
function worst(areas: readonly number[], start: number, end: number, side: number): number {
  const row = areas.slice(start, end);
  const thickness = row.reduce((total, each) => total + each, 0) / side;
  const ratios = row.map((each) => Math.max(thickness ** 2 / each, each / thickness ** 2));
  return Math.max(...ratios);
}

/** Lays a row along the shorter side of what is left, and gives what is left then. */
function place(row: readonly number[], left: Rectangle, rectangles: Rectangle[]): Rectangle {
  const total = row.reduce((sum, each) => sum + each, 0);
  const isColumn = left.width >= left.height;
  const side = isColumn ? left.height : left.width;
  const thickness = side > 0 ? total / side : 0;
  let along = 0;
  for (const area of row) {
    const length = thickness > 0 ? area / thickness : 0;
    rectangles.push(
      isColumn
        ? { x: left.x, y: left.y + along, width: thickness, height: length }
        : { x: left.x + along, y: left.y, width: length, height: thickness },
    );
    along += length;
  }
  return isColumn
    ? { ...left, x: left.x + thickness, width: Math.max(left.width - thickness, 0) }
    : { ...left, y: left.y + thickness, height: Math.max(left.height - thickness, 0) };
}
