const lines = {{ stick.lines|tojson }}, wrists = {{ stick.wrists|tojson }}, head = {{ stick.head|tojson }};
const points = {{ stick.points|length }} + (head ? 1 : 0), field = {{ field }}, missing = {{ unseen }};
function palette() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(["body", "left", "right", "skin", "soft", "page"].map(name => [name, style.getPropertyValue("--" + name)]));
}
let colour = palette();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { colour = palette(); });

// Returns a function that draws a frame of a clip.
function start(clip, canvas) {
  const bytes = Uint8Array.from(atob(clip.data), c => c.charCodeAt(0));
  const data = new Int16Array(bytes.buffer), pen = canvas.getContext("2d"), unit = canvas.width / field;
  const at = (frame, point) => {
    const i = (frame * points + point) * 2;
    return data[i] === missing ? null : [data[i] * unit, data[i + 1] * unit];
  };
  const stroke = (width, style, alpha) => { pen.lineWidth = width; pen.strokeStyle = style; pen.globalAlpha = alpha; };
  function trace(point, style) {
    stroke(1.5, style, 0.35);
    pen.beginPath();
    for (let t = 0, broken = true; t < clip.frames; t++) {
      const p = at(t, point);
      if (p) broken ? pen.moveTo(...p) : pen.lineTo(...p);
      broken = !p;
    }
    pen.stroke();
  }
  function letter(text, point, frame, style) {
    const p = at(frame, point);
    if (!p) return;
    pen.globalAlpha = 1;
    pen.fillStyle = style;
    pen.beginPath(); pen.arc(p[0], p[1], 11, 0, 7); pen.fill();
    pen.fillStyle = colour.page; pen.font = "bold 15px system-ui, sans-serif";
    pen.textAlign = "center"; pen.textBaseline = "middle"; pen.fillText(text, p[0], p[1] + 1);
  }
  const blank = data.every(value => value === missing);
  return frame => {
    pen.globalAlpha = 1;
    pen.clearRect(0, 0, canvas.width, canvas.height);
    if (blank) {
      pen.fillStyle = colour.soft; pen.font = "26px system-ui, sans-serif"; pen.textAlign = "center";
      pen.fillText("nothing was seen", canvas.width / 2, canvas.height / 2);
    }
    pen.lineCap = pen.lineJoin = "round";
    if (wrists) { trace(wrists[0], colour.left); trace(wrists[1], colour.right); }
    const middle = head ? at(frame, points - 1) : null;
    if (middle && clip.radius) {
      stroke(4, colour.body, 1);
      pen.beginPath(); pen.arc(middle[0], middle[1], clip.radius * unit, 0, 7); pen.fillStyle = colour.skin; pen.fill(); pen.stroke();
    }
    for (const side of ["body", "right", "left"]) {
      stroke(side === "body" ? 4 : 4.5, colour[side], 1);
      pen.beginPath();
      for (const [a, b, of] of lines) {
        if (of !== side) continue;
        const p = at(frame, a), q = at(frame, b);
        if (p && q) { pen.moveTo(...p); pen.lineTo(...q); }
      }
      pen.stroke();
    }
    if (wrists) { letter("R", wrists[1], frame, colour.right); letter("L", wrists[0], frame, colour.left); }
  };
}
