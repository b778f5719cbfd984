// The page: what is shown, and what its buttons do.

import {about, ask, begin, best, use} from "/model.js";
import {Camera} from "/camera.js";
import {figure, message} from "/figure.js";
import {load} from "/network.js";
import {percent, strip} from "/strip.js";

const SHOWN = 5, FRAMES_PER_SECOND = 25, WINDOW = 2000, REMEMBERED = 20_000; // the last two in milliseconds
const $ = id => document.getElementById(id);
const still = matchMedia("(prefers-reduced-motion: reduce)");
const model = await about().catch(error => {
  problem(error);
  throw error;
});
const state = {answer: null, head: Object.keys(model.heads)[0], again: null, playing: false, frame: 1, draw: null, mark: null};
let camera = null, recording = null, live = [], last = 0;

function problem(error) {
  $("problem").textContent = error?.message ?? "";
  $("problem").hidden = !error;
  $("status").textContent = "";
}

// What takes time: says so, and shows what went wrong; returns whether nothing did.
async function busy(text, job) {
  $("status").textContent = text;
  try {
    await job();
    problem(null);
    return true;
  } catch (error) {
    problem(error);
    return false;
  } finally {
    $("status").textContent = "";
  }
}

function element(kind, text, attributes = {}) {
  const made = Object.assign(document.createElement(kind), attributes);
  made.textContent = text;
  return made;
}

function probability(share) {
  const cell = element("td", "", {className: "n"});
  cell.append(element("data", share === undefined ? "–" : percent(share), {value: share ?? ""}));
  return cell;
}

function options(select, names, chosen) {
  select.replaceChildren(...names.map((name, i) => new Option(name, i, false, i === chosen)));
}

// A clip

function show(answer, again) {
  Object.assign(state, {answer, again, playing: false});
  document.body.dataset.clip = answer.name;
  $("clip-name").textContent = answer.name;
  $("choice").hidden = answer.names.length < 2;
  options($("clips"), answer.names, answer.number);
  $("player").hidden = false;
  $("camera").hidden = $("keep").hidden = true;
  $("frame").max = answer.frames;
  $("sides").hidden = !(answer.figure && model.figure?.wrists);
  const stage = $("stage");
  stage.setAttribute("aria-label", `${answer.name}, ${answer.frames} frames, as a stick figure`);
  if (answer.figure && model.figure) state.draw = figure(stage, model.figure, answer.figure);
  else {
    state.draw = null;
    message(stage, `Layout ${model.layout} does not say\nwhat its channels are,\nso there is no figure.`);
  }
  showAnswer();
  seek(answer.frames);
  if (!still.matches && !new URLSearchParams(location.search).has("still")) play(true);
}

function series() {
  const {answer, head} = state, tables = answer.probabilities[head];
  const chosen = best(tables.at(-1), SHOWN);
  return {tables, chosen, names: chosen.map(i => model.heads[head][i])};
}

function showAnswer() {
  const {answer, head} = state, {tables, chosen, names} = series(), whole = tables.at(-1);
  $("whole").textContent = "whole clip";
  $("strip-title").textContent = "Probability of these signs, by how much of the clip the model has seen";
  $("here").hidden = $("as-table").hidden = false;
  showTop(names, chosen.map(i => whole[i]));
  const times = answer.moments.map(moment => moment / answer.frames), lines = chosen.map(i => tables.map(table => table[i]));
  const text = names.map((name, i) => `${name}: from ${percent(lines[i][0])} to ${percent(lines[i].at(-1))}`).join("; ");
  state.mark = strip($("strip"), times, lines, `After ${answer.moments[0]} to ${answer.frames} frames. ${text}`);
  const truth = answer.labels[head];
  $("truth").textContent = !truth ? "" : truth === names[0]
    ? `✓ The sign of this clip is ${truth}.` : `✗ The sign of this clip is ${truth}, not ${names[0]}.`;
  const heading = element("tr", "");
  heading.append(element("th", "frames", {scope: "col", className: "n"}), ...names.map(name => element("th", name, {scope: "col"})));
  $("over-time").tHead.replaceChildren(heading);
  $("over-time").tBodies[0].replaceChildren(...answer.moments.map((moment, m) => {
    const row = element("tr", "");
    row.append(element("td", moment, {className: "n"}), ...lines.map(line => probability(line[m])));
    return row;
  }));
}

function showTop(names, shares) {
  $("top").tBodies[0].replaceChildren(...names.map((name, i) => {
    const row = element("tr", "", {className: `sign${i + 1}`}), cell = probability(shares[i]), bar = element("span", "", {className: "bar"});
    bar.append(element("i", ""));
    bar.firstChild.style.width = `${100 * shares[i]}%`;
    cell.append(bar);
    row.append(element("th", name, {scope: "row"}), cell);
    return row;
  }));
}

// Shows the clip up to a frame, counted from 1.
function seek(frame) {
  const {answer} = state, {tables, chosen} = series();
  state.frame = Math.min(Math.max(Math.round(frame), 1), answer.frames);
  $("frame").value = state.frame;
  $("at").textContent = `${state.frame} of ${answer.frames}`;
  state.draw?.(answer.frames > 1 ? (state.frame - 1) / (answer.frames - 1) : 0);
  state.mark(state.frame / answer.frames);
  const table = tables[answer.moments.findLastIndex(moment => moment <= state.frame)];
  [...$("top").tBodies[0].rows].forEach((row, i) => {
    if (row.cells.length > 2) row.deleteCell(2);
    row.append(probability(table?.[chosen[i]]));
  });
  const first = table && best(table, 1)[0];
  $("now").textContent = table ? `Most likely so far: ${model.heads[state.head][first]}, ${percent(table[first])}` : "Too little has been seen for an answer.";
}

function play(on) {
  state.playing = on && state.answer.frames > 1;
  if (state.playing && state.frame === state.answer.frames) state.frame = 1;
  $("play").textContent = state.playing ? "Pause" : "Play";
  last = performance.now();
  if (state.playing) requestAnimationFrame(tick);
}

function tick(now) {
  if (!state.playing) return;
  const passed = Math.floor((now - last) / 1000 * FRAMES_PER_SECOND * $("speed").value);
  if (passed) {
    last = now;
    seek(state.frame + passed);
    if (state.frame === state.answer.frames) return play(false);
  }
  requestAnimationFrame(tick);
}

function open(file, name, number = 0) {
  return busy("Asking the model …", async () => {
    const answer = await ask(model.heads, file, name, {number});
    await stopCamera();
    show(answer, other => open(file, name, other));
  });
}

async function openFirst(number = 0) {
  await stopCamera();
  await busy("Asking the model …", async () => show(await begin(model.heads, number), openFirst));
}

// The webcam

async function startCamera() {
  if (camera) return;
  await busy("Starting MediaPipe …", async () => {
    state.playing = false;
    [live, recording] = [[], null];
    state.heard = [];
    camera = new Camera($("stage"), model.webcam, seen, problem);
    await camera.start().catch(error => {
      camera = null;
      throw error.name === "NotAllowedError" ? new Error("The browser was not allowed to use the webcam. Allow it for this page, and try again.")
        : error.name === "NotFoundError" ? new Error("There is no webcam on this machine.") : error;
    });
    $("clip-name").textContent = "Webcam";
    $("player").hidden = $("choice").hidden = $("keep").hidden = true;
    $("camera").hidden = $("sides").hidden = false;
    $("whole").textContent = "last two seconds";
    $("strip-title").textContent = "Probability of these signs in the last 20 seconds";
    $("here").hidden = $("as-table").hidden = true;
    $("truth").textContent = $("now").textContent = "";
    $("top").tBodies[0].replaceChildren();
    $("strip").replaceChildren();
    $("record").textContent = "Record a sign";
  });
}

function seen(frame, time) {
  recording?.push(frame);
  live = [...live.filter(one => time - one.time < WINDOW), {frame, time}];
  const rate = live.length > 1 ? 1000 * (live.length - 1) / (time - live[0].time) : 0;
  $("rate").textContent = `${rate.toFixed(0)} frames per second${recording ? `, ${recording.length} recorded` : ""}`;
  if (!state.asking) hear(time);
}

async function hear(time) {
  state.asking = true;
  try {
    const answer = await ask(model.heads, camera.file(live.map(one => one.frame)), "webcam.json", {live: true});
    if (camera) showLive(answer, time);
  } catch (error) { // nobody in the picture, or too few frames: the next seconds may be better
    if (camera) $("now").textContent = error.message;
  }
  state.asking = false;
}

function showLive(answer, time) {
  const table = answer.probabilities[state.head][0], chosen = best(table, SHOWN);
  state.heard = [...state.heard.filter(one => time - one.time < REMEMBERED), {table, time}];
  $("now").textContent = "";
  showTop(chosen.map(i => model.heads[state.head][i]), chosen.map(i => table[i]));
  const times = state.heard.map(one => 1 - (time - one.time) / REMEMBERED);
  strip($("strip"), times, chosen.map(i => state.heard.map(one => one.table[i])), "the last 20 seconds")(1);
}

async function stopCamera() {
  const stopped = camera;
  camera = null;
  $("camera").hidden = true;
  await stopped?.stop();
}

async function record() {
  if (!recording) {
    recording = [];
    $("record").textContent = "End of the sign";
    $("record").setAttribute("aria-pressed", "true");
    return;
  }
  const file = camera.file(recording);
  recording = null;
  $("record").removeAttribute("aria-pressed");
  $("record").textContent = "Record a sign";
  if (!await open(file, "webcam.json")) return;
  $("save").href = URL.createObjectURL(file);
  $("keep").hidden = false;
}

// The page

$("play").onclick = () => play(!state.playing);
$("frame").oninput = () => { play(false); seek(Number($("frame").value)); };
$("strip").onpointerdown = $("strip").onpointermove = event => {
  if (camera || !event.buttons || !state.answer) return;
  const box = $("strip").getBoundingClientRect();
  play(false);
  seek((event.clientX - box.left) / box.width * state.answer.frames);
};
$("file").onchange = () => {
  const [file] = $("file").files;
  if (file) open(file, file.name);
  $("file").value = "";
};
$("clips").onchange = () => state.again(Number($("clips").value));
$("head").onchange = () => {
  state.head = Object.keys(model.heads)[$("head").value];
  if (!camera) { showAnswer(); seek(state.frame); }
};
$("first").onclick = () => openFirst();
$("webcam").onclick = startCamera;
$("record").onclick = record;
$("stop").onclick = () => openFirst();
document.onkeydown = event => {
  if (camera || !state.answer || event.target.closest("button, input, select, summary, a")) return;
  const steps = {ArrowLeft: -1, ArrowRight: 1}[event.key];
  if (event.key === " ") play(!state.playing);
  else if (steps) { play(false); seek(state.frame + steps); }
  else return;
  event.preventDefault();
};
document.ondragover = event => { event.preventDefault(); $("drop").hidden = false; };
document.ondragleave = event => { $("drop").hidden = Boolean(event.relatedTarget); };
document.ondrop = event => {
  event.preventDefault();
  $("drop").hidden = true;
  const [file] = event.dataTransfer.files;
  if (file) open(file, file.name);
};

const heads = Object.entries(model.heads);
$("model").textContent = `${model.model}: ${heads.map(([head, classes]) => `${classes.length} classes of ${head}`).join(", ")}; `
  + `layout ${model.layout}, ${model.channels} channels`;
$("first").textContent = model.given ? "The given clip" : "Example";
$("heads").hidden = heads.length < 2;
options($("head"), heads.map(([head]) => head), 0);
$("webcam").disabled = Boolean(model.webcam.why);
$("no-webcam").textContent = `No webcam: ${model.webcam.why}.`;
$("no-webcam").hidden = !model.webcam.why;
let why = model.network.why;
if (!why) await load(model.network).then(use).catch(error => { why = `it cannot be loaded here: ${error.message}`; });
document.body.dataset.runs = why ? "python" : "browser";
$("runs").textContent = why ? `The model runs in Python, because ${why}.`
  : "Clips are cleaned in Python; the network runs in this browser, by onnxruntime-web.";
$("always").textContent = model.noSign ? "" : "The model has no class for “no sign”: it names a sign whatever it sees, so a high probability alone does not mean that one was signed.";
await openFirst();
