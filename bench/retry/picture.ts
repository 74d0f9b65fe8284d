import type { Dot, Summary } from './report.ts';

const WIDTH = 420;
const HEIGHT = 320;
const LEFT = 56;
const TOP = 40;
const RANGE = { attempts: [0.25, 8], delay: [0.05, 20] } as const;

function along(value: number, [low, high]: readonly [number, number], length: number): number {
  return (Math.log(value / low) / Math.log(high / low)) * length;
}

/** Those that the picture has room for. */
function inside(dots: readonly Dot[]): readonly Dot[] {
  const isIn = (value: number, [low, high]: readonly [number, number]): boolean =>
    value >= low && value <= high;
  return dots.filter(({ attempts, delay }) => isIn(attempts, RANGE.attempts) && isIn(delay, RANGE.delay));
}

function panel(title: string, dots: readonly Dot[], line: readonly Dot[], x: number): string {
  const place = (dot: Dot): [number, number] => [
    Math.round(LEFT + along(dot.attempts, RANGE.attempts, WIDTH - LEFT - 20)),
    Math.round(TOP + HEIGHT - along(dot.delay, RANGE.delay, HEIGHT)),
  ];
  const parts = [`<text x="${LEFT}" y="22" font-weight="600">${title}</text>`];
  for (const delay of [0.1, 0.3, 1, 3, 10]) {
    const [, y] = place({ name: '', attempts: 1, delay });
    parts.push(
      `<line x1="${LEFT}" x2="${WIDTH - 20}" y1="${y}" y2="${y}" stroke="#ddd"/>`,
      `<text x="${LEFT - 8}" y="${y + 4}" text-anchor="end" fill="#666">${delay}</text>`,
    );
  }
  for (const attempts of [0.25, 0.5, 1, 2, 4, 8]) {
    const [at] = place({ name: '', attempts, delay: 1 });
    parts.push(
      `<text x="${at}" y="${TOP + HEIGHT + 18}" text-anchor="middle" fill="#666">${attempts}</text>`,
    );
  }
  const points = inside(line)
    .toSorted((a, b) => a.attempts - b.attempts)
    .map((dot) => place(dot).join(','));
  parts.push(`<polyline points="${points.join(' ')}" fill="none" stroke="#999" stroke-dasharray="4 3"/>`);
  const labels: number[] = [];
  for (const dot of inside(dots).toSorted((a, b) => b.delay - a.delay)) {
    const [at, y] = place(dot);
    const isOurs = dot.name.startsWith('adaptive');
    // Each name below the one before: they are in the order of their height.
    const label = Math.max(y - 6, (labels.at(-1) ?? 0) + 12);
    labels.push(label);
    const anchor = at > WIDTH * 0.6 ? `x="${at - 8}" text-anchor="end"` : `x="${at + 8}"`;
    parts.push(
      `<circle cx="${at}" cy="${y}" r="5" fill="${isOurs ? '#0a7d54' : '#b0632a'}"/>`,
      `<text ${anchor} y="${label}" font-size="10" fill="${isOurs ? '#0a7d54' : '#333'}">${dot.name}</text>`,
    );
  }
  return `<g transform="translate(${x} 0)">${parts.join('\n')}</g>`;
}

/** Delay against attempts, one panel for each set of traces; the dashed line are fixed intervals. */
export function picture(panels: readonly Summary[]): string {
  const width = WIDTH * panels.length;
  const drawn = panels.map(({ title, lines, frontier }, index) =>
    panel(title, lines, frontier, index * WIDTH),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT + TOP + 46}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
${drawn.join('\n')}
<text x="${width / 2}" y="${HEIGHT + TOP + 38}" text-anchor="middle" fill="#666">attempts in vain (hourly = 1); up: time from there to used (hourly = 1); dashed: fixed intervals</text>
</svg>
`;
}
