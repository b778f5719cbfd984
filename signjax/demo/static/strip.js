// The strip under the clip: a line for each of a few classes, its probability over time.

const SPACE = "http://www.w3.org/2000/svg";

function add(svg, kind, attributes) {
  const made = document.createElementNS(SPACE, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  svg.append(made);
  return made;
}

export const percent = share => `${(100 * share).toFixed(1)} %`;

// `times` are positions from 0 to 1, `lines` one array of probabilities for each class, `text` what a screen reader says.
export function strip(svg, times, lines, text) {
  svg.replaceChildren();
  svg.setAttribute("aria-label", text);
  for (const height of [0, 50, 100]) add(svg, "line", {class: "grid", x1: 0, x2: 1000, y1: height, y2: height});
  lines.forEach((line, i) => {
    const points = line.map((share, m) => `${(1000 * times[m]).toFixed(1)},${(100 * (1 - share)).toFixed(2)}`);
    if (points.length === 1) points.push(`1000,${points[0].split(",")[1]}`);
    add(svg, "polyline", {class: `sign${i + 1}`, points: points.join(" ")});
  });
  const head = add(svg, "line", {x1: 0, x2: 0, y1: 0, y2: 100});
  return time => {
    head.setAttribute("x1", 1000 * time);
    head.setAttribute("x2", 1000 * time);
  };
}
