// The exported network in the browser, by onnxruntime-web.

const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer;

function logSoftmax(logits) {
  const highest = logits.reduce((a, b) => Math.max(a, b));
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - highest), 0);
  return Array.from(logits, logit => logit - highest - Math.log(sum));
}

// The probabilities at a moment. The other classifier, where there is one, has answered in Python.
function probabilities(logits, fusion, m) {
  let shares = logSoftmax(logits);
  if (fusion) {
    const added = new Float32Array(bytes(fusion.added)).subarray(m * shares.length, (m + 1) * shares.length);
    shares = logSoftmax(shares.map((share, i) => fusion.weight * share + added[i]));
  }
  return Float32Array.from(shares, Math.exp);
}

// Loads the network; `about` is what the server says of it.
export async function load({folder, file, outputs}) {
  const ort = await import(`${folder}ort.wasm.min.mjs`);
  Object.assign(ort.env.wasm, {numThreads: 1, wasmPaths: folder}); // threads would need rules that MediaPipe does not allow
  const session = await ort.InferenceSession.create(file, {executionProviders: ["wasm"]});
  // Head -> the probabilities at each moment, from the `inputs` of an answer.
  return async inputs => {
    const [moments, frames, channels, parts] = inputs.shape;
    const found = await session.run({
      frames: new ort.Tensor("float32", new Float32Array(bytes(inputs.frames)), [moments, frames, channels]),
      lengths: new ort.Tensor("int32", new Int32Array(bytes(inputs.lengths)), [moments]),
      valid: new ort.Tensor("bool", new Uint8Array(bytes(inputs.valid)), [moments, frames, parts]),
    });
    return Object.fromEntries(Object.entries(outputs).map(([head, output]) => {
      const logits = found[output].data, classes = logits.length / moments;
      const at = m => logits.subarray(m * classes, (m + 1) * classes);
      return [head, Array.from({length: moments}, (_, m) => probabilities(at(m), inputs.fusion[head], m))];
    }));
  };
}
