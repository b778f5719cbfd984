// Draws a clip as a stick figure, seen from the front: the signer's left is on the right.

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// `stick` is the figure of the layout, `clip` the figure of an answer; returns a function that draws the frame at a fraction of it.
export function figure(canvas, stick, clip) {
  canvas.width = 510;
  canvas.height = 600;
  const pen = canvas.getContext("2d"), unit = canvas.width / stick.field;
  const data = new Int16Array(Uint8Array.from(atob(clip.data), letter => letter.charCodeAt(0)).buffer);
  const at = (frame, point) => {
    const i = (frame * stick.points + point) * 2;
    return data[i] === stick.missing ? null : [data[i] * unit, data[i + 1] * unit];
  };
  function line(width, style, alpha) {
    pen.lineWidth = width;
    pen.strokeStyle = style;
    pen.globalAlpha = alpha;
    pen.beginPath();
  }
  function trace(point, style) {
    line(1.5, style, 0.35);
    for (let frame = 0, broken = true; frame < clip.frames; frame++) {
      const place = at(frame, point);
      if (place) broken ? pen.moveTo(...place) : pen.lineTo(...place);
      broken = !place;
    }
    pen.stroke();
  }
  const nothing = data.every(value => value === stick.missing);
  return fraction => {
    const frame = Math.round(fraction * (clip.frames - 1));
    const sides = {body: colour("--body"), right: colour("--right"), left: colour("--left")};
    pen.globalAlpha = 1;
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.lineCap = pen.lineJoin = "round";
    if (nothing) return message(canvas, "nothing was seen");
    if (stick.wrists) {
      trace(stick.wrists[0], sides.left);
      trace(stick.wrists[1], sides.right);
    }
    const head = stick.head && clip.radius ? at(frame, stick.points - 1) : null;
    if (head) {
      line(4, sides.body, 1);
      pen.arc(head[0], head[1], clip.radius * unit, 0, 7);
      pen.fillStyle = colour("--skin");
      pen.fill();
      pen.stroke();
    }
    for (const [side, style] of Object.entries(sides)) {
      line(4, style, 1);
      for (const [a, b, of] of stick.lines) {
        const from = of === side && at(frame, a), to = from && at(frame, b);
        if (to) {
          pen.moveTo(...from);
          pen.lineTo(...to);
        }
      }
      pen.stroke();
    }
  };
}

export function message(canvas, text) {
  const pen = canvas.getContext("2d");
  pen.globalAlpha = 1;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = colour("--soft");
  pen.font = "24px system-ui, sans-serif";
  pen.textAlign = "center";
  text.split("\n").forEach((row, i) => pen.fillText(row, canvas.width / 2, canvas.height / 2 + 32 * i));
}

// Draws MediaPipe's results over the picture that they were found in.
export function landmarks(canvas, results, joins) {
  const pen = canvas.getContext("2d");
  canvas.width = results.image.width;
  canvas.height = results.image.height;
  pen.drawImage(results.image, 0, 0);
  pen.lineWidth = Math.max(2, canvas.width / 240);
  pen.lineCap = "round";
  for (const [key, edges, name] of joins) {
    const points = results[key];
    if (!points) continue;
    pen.strokeStyle = colour(name);
    pen.beginPath();
    for (const [a, b] of edges) {
      pen.moveTo(points[a].x * canvas.width, points[a].y * canvas.height);
      pen.lineTo(points[b].x * canvas.width, points[b].y * canvas.height);
    }
    pen.stroke();
  }
}
