// Asks the server about clips, and the network where the browser runs it.
//
// An answer is {name, names, number, labels, frames, figure, moments, probabilities}: after moments[m] frames, probabilities[head][m]
// holds the probability of each class.

async function json(request) {
  let reply;
  try {
    reply = await request;
  } catch {
    throw new Error("The server does not answer. Is signjax demo still running in its terminal?");
  }
  const content = await reply.json();
  if (!reply.ok) throw new Error(content.error);
  return content;
}

let network = null;

// From now on this function, see network.js, is asked for probabilities; the server gives it its inputs.
export function use(loaded) {
  network = loaded;
}

async function answered(address, query, heads, request) {
  const answer = await json(fetch(`${address}?${new URLSearchParams({...query, inputs: network ? 1 : 0})}`, request));
  if (answer.inputs) answer.probabilities = await network(answer.inputs);
  else decode(answer, heads);
  return answer;
}

function decode(answer, heads) {
  for (const [head, classes] of Object.entries(heads)) {
    const bytes = Uint8Array.from(atob(answer.probabilities[head]), letter => letter.charCodeAt(0));
    const numbers = new Float32Array(bytes.buffer); // both sides are little-endian
    answer.probabilities[head] = answer.moments.map((_, m) => numbers.subarray(m * classes.length, (m + 1) * classes.length));
  }
}

export const about = () => json(fetch("/about"));

// The clip that the server was started with, or the synthetic example.
export const begin = (heads, number) => answered("/begin", {number}, heads);

// A file: anything that fetch can send.
export const ask = (heads, file, name, {number = 0, live = false} = {}) =>
  answered("/predict", {name, number, live: live ? 1 : 0}, heads, {method: "POST", body: file});

// The indices of the `count` most likely classes, the most likely first.
export function best(probabilities, count) {
  return Array.from(probabilities.keys()).sort((a, b) => probabilities[b] - probabilities[a] || a - b).slice(0, count);
}
