// Line charts as SVG: panels side by side with logarithmic axes, readable on light and on dark ground.

export interface Line {
  readonly name: string;
  /** Both above 0. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Panel {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly lines: readonly Line[];
  /** What is wanted at most, as a dashed line. */
  readonly aim?: number;
}

const PANEL = { width: 430, height: 330 } as const;
const INSET = { left: 62, right: 14, top: 36, bottom: 92 } as const;
/** Of equal strength on white and on black. */
const COLOURS = ['#2f7fd6', '#d1622f', '#2f9e62', '#a05fc4', '#b08a1e', '#7d7d7d'] as const;
const INK = '#808080';

export function svgChart(panels: readonly Panel[]): string {
  const width = PANEL.width * panels.length;
  const body = panels.map(
    (panel, index) => `<g transform="translate(${index * PANEL.width},0)">\n${drawn(panel)}\n</g>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${PANEL.height}" width="${width}" height="${PANEL.height}" font-family="sans-serif" font-size="11" fill="${INK}">`,
    `<title>${escaped(panels.map(({ title }) => title).join('; '))}</title>`,
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

function drawn({ title, xTitle, yTitle, lines, aim }: Panel): string {
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return text(PANEL.width / 2, PANEL.height / 2, 'nothing measured', 'middle');
  const x = scale(
    points.map((point) => point.x),
    INSET.left,
    PANEL.width - INSET.right,
  );
  const heights = [...points.map((point) => point.y), ...(aim === undefined ? [] : [aim])];
  const y = scale(heights, PANEL.height - INSET.bottom, INSET.top);
  const [bottom, right] = [PANEL.height - INSET.bottom, PANEL.width - INSET.right];
  return [
    text(INSET.left, 18, title, 'start', 'font-weight="bold"'),
    rule(INSET.left, bottom, right, bottom),
    rule(INSET.left, INSET.top, INSET.left, bottom),
    ...x.ticks.map((tick) => text(x.at(tick), bottom + 15, short(tick), 'middle')),
    ...y.ticks.map((tick) => rule(INSET.left, y.at(tick), right, y.at(tick), 'stroke-opacity="0.25"')),
    ...y.ticks.map((tick) => text(INSET.left - 6, y.at(tick) + 4, short(tick), 'end')),
    text((INSET.left + right) / 2, bottom + 30, xTitle, 'middle'),
    text(
      14,
      (INSET.top + bottom) / 2,
      yTitle,
      'middle',
      `transform="rotate(-90 14 ${(INSET.top + bottom) / 2})"`,
    ),
    ...(aim === undefined ? [] : [rule(INSET.left, y.at(aim), right, y.at(aim), 'stroke-dasharray="5 4"')]),
    ...lines.map((line, index) => curve(line, COLOURS[index % COLOURS.length]!, x, y)),
    ...lines.map((line, index) => legend(line.name, index, bottom + 46)),
  ].join('\n');
}

interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

/** Logarithmic, from the round number below all values to the one above. */
function scale(values: readonly number[], from: number, to: number): Scale {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const ticks = [1, 2, 5]
    .flatMap((step) => Array.from({ length: 16 }, (_, power) => step * 10 ** (power - 4)))
    .sort((a, b) => a - b);
  const low = ticks.findLast((tick) => tick <= least) ?? ticks[0]!;
  const high = ticks.find((tick) => tick >= most && tick > low) ?? ticks.at(-1)!;
  const span = Math.log(high) - Math.log(low);
  return {
    ticks: ticks.filter((tick) => tick >= low && tick <= high),
    at: (value) => round(from + ((Math.log(value) - Math.log(low)) / span) * (to - from)),
  };
}

function curve({ points }: Line, colour: string, x: Scale, y: Scale): string {
  const places = points.map((point) => `${x.at(point.x)},${y.at(point.y)}`);
  return [
    `<polyline points="${places.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...places.map((place) => {
      const [cx, cy] = place.split(',');
      return `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`;
    }),
  ].join('\n');
}

/** Two to a row. */
function legend(name: string, index: number, top: number): string {
  const [left, y] = [INSET.left - 40 + (index % 2) * 190, top + Math.floor(index / 2) * 15];
  const colour = COLOURS[index % COLOURS.length]!;
  return `<rect x="${left}" y="${y - 8}" width="10" height="10" fill="${colour}"/>\n${text(left + 15, y + 1, name, 'start')}`;
}

function rule(x1: number, y1: number, x2: number, y2: number, more = ''): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${INK}" ${more}/>`;
}

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end', more = ''): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" ${more}>${escaped(words)}</text>`;
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function short(value: number): string {
  if (value >= 1_000_000) return `${value / 1_000_000}M`;
  return value >= 1_000 ? `${value / 1_000}k` : `${round(value)}`;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
