// Points are [x, y] in pixels of the picture; polygons are lists of them.

export const bounds = (polygon) => {
  const xs = polygon.map((point) => point[0]);
  const ys = polygon.map((point) => point[1]);
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
};

export const centre = (polygon) => [
  polygon.reduce((sum, point) => sum + point[0], 0) / polygon.length,
  polygon.reduce((sum, point) => sum + point[1], 0) / polygon.length,
];

export const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

export const between = (a, b, share = 0.5) => [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];

export const area = (polygon) => Math.abs(polygon.reduce((sum, [x, y], at) => {
  const [x2, y2] = polygon[(at + 1) % polygon.length];
  return sum + x * y2 - x2 * y;
}, 0)) / 2;

export const rectangle = (a, b) => {
  const [left, right] = [Math.min(a[0], b[0]), Math.max(a[0], b[0])];
  const [top, bottom] = [Math.min(a[1], b[1]), Math.max(a[1], b[1])];
  return [[left, top], [right, top], [right, bottom], [left, bottom]];
};

// As far as the whole group can go without leaving the picture.
export const moveInside = (polygons, dx, dy, size) => {
  const box = bounds(polygons.flat());
  const x = Math.min(Math.max(dx, -box.left), size[0] - box.right);
  const y = Math.min(Math.max(dy, -box.top), size[1] - box.bottom);
  return polygons.map((polygon) => polygon.map((point) => [point[0] + x, point[1] + y]));
};

export const clamp = (point, size) => [Math.min(Math.max(point[0], 0), size[0]), Math.min(Math.max(point[1], 0), size[1])];

const side = (a, b, c) => Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));

const cross = (a, b, c, d) => side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;

export const crossesItself = (polygon) => polygon.some((a, i) => polygon.some((c, j) => {
  const apart = Math.abs(i - j) > 1 && Math.abs(i - j) < polygon.length - 1;
  return apart && cross(a, polygon[(i + 1) % polygon.length], c, polygon[(j + 1) % polygon.length]);
}));

// The homography that takes the unit square to a quad (P. Heckbert, Fundamentals of Texture Mapping, 1989).
export const homography = ([a, b, c, d]) => {
  const sum = [a[0] - b[0] + c[0] - d[0], a[1] - b[1] + c[1] - d[1]];
  const [one, two] = [[b[0] - c[0], b[1] - c[1]], [d[0] - c[0], d[1] - c[1]]];
  const scale = one[0] * two[1] - two[0] * one[1];
  const g = (sum[0] * two[1] - two[0] * sum[1]) / scale;
  const h = (one[0] * sum[1] - sum[0] * one[1]) / scale;
  return ([u, v]) => {
    const depth = g * u + h * v + 1;
    return [0, 1].map((k) => ((b[k] - a[k] + g * b[k]) * u + (d[k] - a[k] + h * d[k]) * v + a[k]) / depth);
  };
};

// A quad of the ground divided into n places side by side, as wide on the ground each: nearer ones look wider.
export const divide = (quad, n) => {
  const to = homography(quad);
  return Array.from({ length: n }, (_, at) => [[at / n, 0], [(at + 1) / n, 0], [(at + 1) / n, 1], [at / n, 1]].map(to));
};

// The quad of a row whose near edge goes from one end to the other; places are about twice as deep as wide.
export const rowQuad = (from, to, n, size) => {
  const length = Math.max(distance(from, to), 1);
  const depth = Math.min((length / n) * 1.8, size[1] / 3);
  let normal = [(to[1] - from[1]) / length, -(to[0] - from[0]) / length];
  if (normal[1] > 0) normal = [-normal[0], -normal[1]];
  const away = (point) => clamp([point[0] + normal[0] * depth, point[1] + normal[1] * depth], size);
  return [away(from), away(to), to, from];
};

// By rows from the top, each from the left: the order in which people count.
export const readingOrder = (spots) => {
  const rows = [];
  for (const spot of [...spots].sort((a, b) => centre(a.polygon)[1] - centre(b.polygon)[1])) {
    const box = bounds(spot.polygon);
    const row = rows.at(-1);
    if (row && Math.abs(centre(spot.polygon)[1] - row.y) < (box.bottom - box.top + row.height) / 3) row.spots.push(spot);
    else rows.push({ y: centre(spot.polygon)[1], height: box.bottom - box.top, spots: [spot] });
  }
  return rows.flatMap((row) => row.spots.sort((a, b) => centre(a.polygon)[0] - centre(b.polygon)[0]));
};
